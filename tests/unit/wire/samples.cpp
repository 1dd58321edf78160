#include "tests/unit/wire/samples.hpp"

#include <fstream>
#include <sstream>

namespace dvipa::wire::test {
namespace {

Address address(const char* text) { return parse_address(text).value(); }

const Address dvipa_v4 = address("10.1.9.1");
const Address dvipa_v6 = address("2001:db8::9:1");
const Epoch epoch{0x01020304, StackId{5}};
const std::vector<Remote> remotes_of_both_families = {{address("192.0.2.1"), 40000, 80},
                                                      {address("192.0.2.2"), 40001, 443},
                                                      {address("2001:db8::1"), 50000, 80},
                                                      {Address{}, 0, 8080}};

VipaList list() {
  Distribution distribution;
  distribution.method = DistMethod::weighted;
  distribution.ports.ranges = {{80, 80}, {8000, 8099}};
  distribution.targets.xcf_addresses = {address("10.77.0.2"), address("10.77.0.3")};
  distribution.weights = {{address("10.77.0.3"), 255}};
  distribution.content_routed = true;
  ListEntry known;  // only an epoch
  known.definition.dvipa = dvipa_v6;
  known.epoch = {7, StackId{254}};
  ListEntry backup;
  backup.definition = {dvipa_v4, 0, Part::backup, 254, Moveable::when_idle, true, distribution};
  backup.claim = Claim::owning;
  backup.epoch = epoch;
  VipaList both;
  both.entries = {backup, known};
  return both;
}

VipaList list_with_affinity() {
  ListEntry entry;
  entry.definition.dvipa = dvipa_v4;
  entry.definition.part = Part::primary;
  entry.definition.distribution.emplace();
  entry.definition.distribution->affinity_s = 300;
  VipaList list;
  list.entries = {entry};
  return list;
}

const Remote one_remote{address("192.0.2.1"), 40000, 80};

VipaList list_with_stored() {
  ListEntry entry;
  entry.definition.dvipa = dvipa_v4;
  entry.epoch = epoch;
  entry.stored.emplace().epoch = epoch;
  VipaList list;
  list.entries = {entry};
  return list;
}

}  // namespace

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = {
      {"vipa_list", list()},
      {"vipa_list_empty", VipaList{}},
      {"srv_stat", SrvStat{dvipa_v4, epoch, 8080, true}},
      {"new_conn", NewConn{dvipa_v4, epoch, StackId{3}, remotes_of_both_families}},
      {"new_conn_empty", NewConn{dvipa_v6, epoch, StackId{3}, {}}},
      {"new_conn_of_life", NewConn{dvipa_v4, epoch, StackId{3}, {one_remote}, 0x0102030405060708}},
      {"new_conn_inherited", NewConn{dvipa_v4, epoch, StackId{3}, {one_remote}, 0, true}},
      {"term_conn", TermConn{dvipa_v4, epoch, {one_remote}}},
      {"end_of_report", EndOfReport{dvipa_v4, epoch}},
      {"take_over", TakeOver{dvipa_v6, epoch}},
      {"released", Released{dvipa_v4, epoch}},
      {"verify", Verify{dvipa_v6, epoch, {{address("2001:db8::1"), 50000, 443}}}},
      {"not_held", NotHeld{dvipa_v4, epoch, {one_remote}}},
      {"leaving", Leaving{}},
      {"vipa_list_affinity", list_with_affinity()},
      {"capacity", Capacity{250}},
      {"affinity", Affinity{dvipa_v4, epoch, StackId{3}, {{address("192.0.2.1"), 0, 80}}}},
      {"list_asked", ListAsked{}},
      {"vipa_list_stored", list_with_stored()},
  };
  return all;
}

std::vector<std::uint8_t> golden_bytes(const std::string& name) {
  std::ifstream file(std::string(DVIPA_SOURCE_DIR) + "/tests/unit/wire/golden/" + name + ".hex");
  std::vector<std::uint8_t> bytes;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line.substr(0, line.find('#')));
    for (std::string digits; fields >> digits;)
      for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

}  // namespace dvipa::wire::test
