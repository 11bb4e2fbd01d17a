// A Python program that rebuilds a network in PyTorch, with the names of its state_dict, and scores
// the weights of a .pth file on a folder of IDX files.
#pragma once

#include "io/saved_network.h"
#include "nn/trace.h"

namespace reluscope {

std::string pytorch_source(const SavedNetwork& network);

// The body of a function that computes a trace of x, in lines; the learnt parameter is called so.
std::vector<std::string> pytorch_lines(const Trace& trace, const std::string& parameter);

}  // namespace reluscope
