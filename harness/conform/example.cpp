// What the profiles say, said again by hand: the judge must not learn it from the reader that it judges.
#include "harness/conform/example.hpp"

namespace dvipa::conform {

std::vector<ExampleDvipa> example_dvipas() {
  const std::vector<std::string> every = {"MVS1", "MVS2", "MVS3", "MVS4", "MVS5"};
  const Address dva1 = Address::v4(10U << 24 | 77U << 16 | 1U << 8 | 1);
  const Address dvb1 = Address::v4(10U << 24 | 77U << 16 | 2U << 8 | 1);
  return {{"DVA1", dva1, 60, "MVS1", "MVS5", {{"MVS1", {"MVS1", "MVS2", "MVS4"}}, {"MVS5", {"MVS2", "MVS3", "MVS4"}}}},
          {"DVB1", dvb1, 60, "MVS5", "MVS1", {{"MVS1", every}, {"MVS5", every}}}};
}

}  // namespace dvipa::conform
