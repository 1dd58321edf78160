// What the profiles say, said again by hand: the judge must not learn it from the reader that it judges.
#include "harness/conform/example.hpp"

#include <array>

namespace dvipa::conform {
namespace {

// A DVIPA of the files, and what stands for it in IPv6.
struct Twin {
  std::string_view v4;
  std::string_view v6;
};
constexpr Twin dva1 = {"10.77.1.1", "fd77:0:0:1::1"};
constexpr Twin dvb1 = {"10.77.2.1", "fd77:0:0:2::1"};
constexpr std::string_view mask_v4 = "255.255.255.0 ";
constexpr std::string_view mask_v6 = "/64 ";

bool is_v6(const Twin& twin, Family family) {
  return family == Family::v6 || (family == Family::mixed && twin.v4 == dvb1.v4);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

Address address_of(const Twin& twin, Family family) { return *parse_address(is_v6(twin, family) ? twin.v6 : twin.v4); }

}  // namespace

std::string in_family(std::string_view text, Family family) {
  std::string changed(text);
  for (const Twin& twin : {dva1, dvb1}) {
    if (!is_v6(twin, family)) continue;
    replace_all(changed, std::string(mask_v4) + std::string(twin.v4), std::string(mask_v6) + std::string(twin.v6));
    replace_all(changed, twin.v4, twin.v6);
  }
  return changed;
}

std::vector<ExampleDvipa> example_dvipas(Family family) {
  const std::vector<std::string> every = {"MVS1", "MVS2", "MVS3", "MVS4", "MVS5"};
  return {{"DVA1",
           address_of(dva1, family),
           60,
           "MVS1",
           "MVS5",
           {{"MVS1", {"MVS1", "MVS2", "MVS4"}}, {"MVS5", {"MVS2", "MVS3", "MVS4"}}}},
          {"DVB1", address_of(dvb1, family), 60, "MVS5", "MVS1", {{"MVS1", every}, {"MVS5", every}}}};
}

}  // namespace dvipa::conform
