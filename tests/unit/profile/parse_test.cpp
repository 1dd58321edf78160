// What good profiles define. covers: CFG-1, CFG-2, CFG-3, CFG-4, CFG-5, CFG-9
#include "tests/unit/profile/definition_text.hpp"

namespace dvipa::profile {
namespace {

DvipaDefinition only_dvipa(std::string_view statements) {
  const Definitions definitions = read(block(statements));
  EXPECT_EQ(definitions.dvipas.size(), 1U) << statements;
  return definitions.dvipas.empty() ? DvipaDefinition{} : definitions.dvipas.front();
}

// Of the VIPADISTRIBUTE with these words after the address.
Distribution distribution(std::string_view options, std::string_view rest) {
  const auto dvipa =
      only_dvipa("VIPABACKUP 10.1.1.1 VIPADISTRIBUTE " + std::string(options) + " 10.1.1.1 " + std::string(rest));
  return dvipa.distribution.value_or(Distribution{});
}

// covers: CFG-2
TEST(ProfileDefine, HasImmediateMoveAndNoClusterPortsUnlessSaid) {
  DvipaDefinition expected;
  expected.dvipa = at("10.1.1.1");
  expected.prefix_bits = 24;
  expected.part = Part::primary;
  EXPECT_EQ(only_dvipa("VIPADEFINE 255.255.255.0 10.1.1.1"), expected);
  EXPECT_EQ(only_dvipa("VIPADEFINE MOVEABLE IMMEDIATE 255.255.255.0 10.1.1.1"), expected);
  expected.moveable = Moveable::when_idle;
  EXPECT_EQ(only_dvipa("VIPADEFINE MOVEABLE WHENIDLE 255.255.255.0 10.1.1.1"), expected);
  expected.cluster_ports = true;
  EXPECT_EQ(only_dvipa("VIPADEFINE MOVEABLE WHENIDLE CLUSTERPORTS 255.255.255.0 10.1.1.1"), expected);
  EXPECT_EQ(only_dvipa("VIPADEFINE CLUSTERPORTS MOVEABLE WHENIDLE 255.255.255.0 10.1.1.1"), expected);
}

// covers: CFG-2
TEST(ProfileDefine, TakesManyAddressesOfOneSubnetInAscendingOrder) {
  const auto definitions = read(block("VIPADEFINE 255.255.255.0 10.1.1.9 10.1.1.1\n 10.1.1.5"));
  ASSERT_EQ(definitions.dvipas.size(), 3U);
  EXPECT_EQ(definitions.dvipas[0].dvipa, at("10.1.1.1"));
  EXPECT_EQ(definitions.dvipas[2].dvipa, at("10.1.1.9"));
}

// covers: CFG-2, CFG-9
TEST(ProfileDefine, ReadsEveryFormOfMask) {
  for (unsigned bits = 1; bits <= 32; ++bits) {
    const std::string dotted = to_string(Address::v4(~std::uint32_t{0} << (32 - bits)));
    for (const std::string& mask : {dotted, "/" + std::to_string(bits), std::to_string(bits)})
      EXPECT_EQ(only_dvipa("VIPADEFINE " + mask + " 10.1.1.1").prefix_bits, bits) << mask;
  }
  for (const char* mask : {"64", "/64"})
    EXPECT_EQ(only_dvipa(std::string("VIPADEFINE ") + mask + " 2001:db8::1").prefix_bits, 64U);
  EXPECT_EQ(only_dvipa("VIPADEFINE /128 2001:db8::1").dvipa, at("2001:db8::1"));
}

// covers: CFG-3
TEST(ProfileBackup, HasRankOneUnlessSaid) {
  EXPECT_EQ(only_dvipa("VIPABACKUP 10.1.1.1").rank, 1U);
  EXPECT_EQ(only_dvipa("VIPABACKUP 1 10.1.1.1").rank, 1U);
  EXPECT_EQ(only_dvipa("VIPABACKUP 254 10.1.1.1").rank, 254U);
  EXPECT_EQ(only_dvipa("VIPABACKUP 254 10.1.1.1").part, Part::backup);
  EXPECT_EQ(read(block("VIPABACKUP 9 10.1.1.1 10.2.2.2 VIPABACKUP 10.3.3.3 VIPABACKUP 7 2001:db8::1")).dvipas.size(),
            4U);
}

// covers: CFG-4
TEST(ProfileDistribute, WithoutPortMeansEveryPort) {
  EXPECT_TRUE(distribution("", "DESTIP ALL").ports.is_every_port());
  EXPECT_TRUE(distribution("", "DESTIP ALL").targets.is_all());
  EXPECT_EQ(distribution("", "DESTIP ALL"), distribution("DEFINE DISTMETHOD ROUNDROBIN", "DESTIP ALL"));
}

// covers: CFG-4
TEST(ProfileDistribute, MergesPortsIntoAscendingDisjointRanges) {
  const std::vector<PortRange> expected = {{80, 82}, {443, 443}, {8000, 8099}};
  EXPECT_EQ(distribution("", "PORT 443 8000-8099 80 81-82 DESTIP ALL").ports.ranges, expected);
  EXPECT_EQ(distribution("", "PORT 80-82, 443, 8000-8050, 8040-8099 DESTIP ALL").ports.ranges, expected);
  const std::vector<PortRange> whole = {{1, 65535}};
  EXPECT_EQ(distribution("", "PORT 1-65535 DESTIP ALL").ports.ranges, whole);
}

// covers: CFG-4
TEST(ProfileDistribute, TakesCommasOrBlanksBetweenTargets) {
  const std::vector<Address> expected = {at("10.0.0.1"), at("10.0.0.2"), at("10.0.0.4")};
  for (const char* targets : {"10.0.0.1 10.0.0.2 10.0.0.4", "10.0.0.4,10.0.0.1,10.0.0.2",
                              "10.0.0.1 ,10.0.0.2, 10.0.0.4", "10.0.0.1,\n\t10.0.0.2 ; the second\n 10.0.0.4"})
    EXPECT_EQ(distribution("", "DESTIP " + std::string(targets)).targets.xcf_addresses, expected) << targets;
}

// covers: CFG-4
TEST(ProfileDistribute, KnowsTheMethodsAndTheFlags) {
  EXPECT_EQ(distribution("DISTMETHOD ROUNDROBIN", "DESTIP ALL").method, DistMethod::round_robin);
  EXPECT_EQ(distribution("DISTMETHOD WEIGHTED", "DESTIP ALL").method, DistMethod::weighted);
  EXPECT_EQ(distribution("DISTMETHOD BASEWLM", "DESTIP ALL").method, DistMethod::base_wlm);
  EXPECT_EQ(distribution("DISTMETHOD WEIGHTEDACTIVE", "DESTIP ALL").method, DistMethod::weighted_active);
  EXPECT_EQ(distribution("DISTMETHOD HOTSTANDBY", "DESTIP ALL").method, DistMethod::hot_standby);
  EXPECT_TRUE(distribution("CLUSTERPORTS", "DESTIP ALL").cluster_ports);
  EXPECT_TRUE(distribution("SYSPLEXPORTS", "DESTIP ALL").cluster_ports);
  EXPECT_TRUE(distribution("CONTENTROUTED", "DESTIP ALL").content_routed);
  const Distribution all = distribution("CONTENTROUTED SYSPLEXPORTS DISTMETHOD BASEWLM", "DESTIP ALL");
  EXPECT_TRUE(all.cluster_ports && all.content_routed && all.method == DistMethod::base_wlm);
}

// covers: CFG-4, RTE-8
TEST(ProfileDistribute, KnowsTimedAffinity) {
  EXPECT_EQ(distribution("", "DESTIP ALL").affinity_s, 0U);
  EXPECT_EQ(distribution("TIMEDAFFINITY 300", "DESTIP ALL").affinity_s, 300U);
  EXPECT_EQ(distribution("DISTMETHOD BASEWLM timedaff 9999 CLUSTERPORTS", "DESTIP ALL").affinity_s, 9999U);
  EXPECT_EQ(distribution("TIMEDAFF 0", "DESTIP ALL").affinity_s, 0U);
}

// covers: CFG-4, RTE-8
TEST(ProfileDistribute, TakesWeightsForTheWeightedMethod) {
  const Distribution weighted =
      distribution("DISTMETHOD WEIGHTED", "DESTIP 10.0.0.3 WEIGHT 255, 10.0.0.2, 10.0.0.1 WEIGHT 0");
  const std::vector<TargetWeight> expected = {{at("10.0.0.1"), 0}, {at("10.0.0.3"), 255}};
  EXPECT_EQ(weighted.weights, expected);
  EXPECT_EQ(weighted.targets.xcf_addresses.size(), 3U);
}

// covers: CFG-4, CFG-9
TEST(ProfileDistribute, MaySpreadAnIpv6AddressOverMembersKnownByIpv4) {
  const auto dvipa = only_dvipa("VIPADEFINE 64 2001:db8::1 VIPADISTRIBUTE 2001:db8::1 DESTIP 10.0.0.1 10.0.0.2");
  EXPECT_EQ(dvipa.distribution->targets.xcf_addresses.size(), 2U);
}

// covers: CFG-4
TEST(ProfileDistribute, MayStandBeforeTheDefinitionOfItsAddress) {
  EXPECT_TRUE(only_dvipa("VIPADISTRIBUTE 10.1.1.1 DESTIP ALL VIPADEFINE /24 10.1.1.1").distribution);
}

// covers: CFG-5
TEST(ProfileRange, HoldsTheNetworkOfItsAddress) {
  const auto definitions =
      read(block("VIPARANGE MOVEABLE DISRUPTIVE CLUSTERPORTS 255.255.0.0 10.9.8.7 VIPARANGE 64 2001:db8::1"));
  const std::vector<RangeDefinition> expected = {
      {at("10.9.0.0"), 16, Moveable::disruptive, true},
      {at("2001:db8::"), 64, Moveable::nondisruptive, false},
  };
  EXPECT_EQ(definitions.ranges, expected);
}

// covers: CFG-1
TEST(ProfileText, IsCaseBlindAndSpansLinesAndIgnoresComments) {
  const Definitions plain =
      read(block("VIPADEFINE MOVEABLE IMMEDIATE 255.255.255.0 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 PORT 60 DESTIP ALL"));
  EXPECT_EQ(read("; a comment\nvipadynamic;another\r\n\tVipaDefine moveABLE\n\n immediate;\n 255.255.255.0\f10.1.1.1\n"
                 "vipadistribute;VIPABACKUP 1 10.1.1.1\n10.1.1.1 port\n60\ndestip\nall\nendvipadynamic ; the end"),
            plain);
}

// covers: CFG-1
TEST(ProfileText, MayDefineNothing) {
  EXPECT_EQ(read("VIPADYNAMIC ENDVIPADYNAMIC"), Definitions{});
  EXPECT_EQ(read("VIPADYNAMIC\n; nothing\nENDVIPADYNAMIC"), Definitions{});
}

}  // namespace
}  // namespace dvipa::profile
