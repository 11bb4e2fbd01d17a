// When units died and revived, as seen by the probe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace reluscope {

// A step is the number of steps made when the change was first seen; the learning rate is that of
// the last of them.
struct UnitLife {
  bool dead = false;
  int deaths = 0;
  std::int64_t died = -1;  // the last death, -1: none
  double died_lr = 0.0;
  std::int64_t revived = -1;  // the last revival, -1: none
  double revived_lr = 0.0;
};

// lives: one per flag of `dead`; resized on the first call.
inline void update_lives(std::vector<UnitLife>& lives, std::span<const std::uint8_t> dead,
                         std::int64_t step, double lr) {
  lives.resize(dead.size());
  for (std::size_t u = 0; u < lives.size(); ++u) {
    UnitLife& life = lives[u];
    if (life.dead == (dead[u] != 0)) continue;
    life.dead = dead[u] != 0;
    if (life.dead) {
      ++life.deaths;
      life.died = step;
      life.died_lr = lr;
    } else {
      life.revived = step;
      life.revived_lr = lr;
    }
  }
}

}  // namespace reluscope
