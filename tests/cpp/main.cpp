// The doctest program: the same sources run natively and, compiled to WebAssembly, under Node.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
