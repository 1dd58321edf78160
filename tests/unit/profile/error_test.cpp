// Every error, with its exact place: a profile marks the place with ^ before the word that is wrong. covers: CFG-8
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/unit/profile/definition_text.hpp"

namespace dvipa::profile {
namespace {

struct Case {
  std::string_view name;
  std::string_view marked;  // the profile, with ^ at the place of the error
  std::string_view statement;
  std::string_view found;
  std::string_view expected;
};

const Case cases[] = {
    // Syntax, CFG-1
    {"empty", "^", "", "", "VIPADYNAMIC"},
    {"only_comment", "^; nothing", "", "", "VIPADYNAMIC"},
    {"no_begin", "^VIPADEFINE /24 10.1.1.1 ENDVIPADYNAMIC", "", "VIPADEFINE", "VIPADYNAMIC"},
    {"no_end", "VIPADYNAMIC\n VIPABACKUP 10.1.1.1^ ; the last\n\n", "VIPABACKUP 10.1.1.1", "",
     "an address, a statement (VIPADEFINE, VIPABACKUP, VIPADISTRIBUTE, VIPARANGE, VIPADELETE, SOURCEVIPA) or "
     "ENDVIPADYNAMIC"},
    {"no_end_of_nothing", "VIPADYNAMIC^", "", "",
     "a statement (VIPADEFINE, VIPABACKUP, VIPADISTRIBUTE, VIPARANGE, VIPADELETE, SOURCEVIPA) or ENDVIPADYNAMIC"},
    {"after_end", "VIPADYNAMIC\nENDVIPADYNAMIC\n\n ^VIPADYNAMIC", "", "VIPADYNAMIC", "the end of the profile"},
    {"unknown_statement", "VIPADYNAMIC\n ^VIPAROUTE 10.1.1.1 JOB\nENDVIPADYNAMIC", "", "VIPAROUTE",
     "a statement (VIPADEFINE, VIPABACKUP, VIPADISTRIBUTE, VIPARANGE, VIPADELETE, SOURCEVIPA) or ENDVIPADYNAMIC"},
    {"host_name", "VIPADYNAMIC VIPABACKUP 10.1.1.1 ^www.example.org ENDVIPADYNAMIC",
     "VIPABACKUP 10.1.1.1 www.example.org", "www.example.org",
     "an address, a statement (VIPADEFINE, VIPABACKUP, VIPADISTRIBUTE, VIPARANGE, VIPADELETE, SOURCEVIPA) or "
     "ENDVIPADYNAMIC"},
    {"comma_in_define", "VIPADYNAMIC VIPADEFINE /24 10.1.1.1^, 10.1.1.2 ENDVIPADYNAMIC",
     "VIPADEFINE /24 10.1.1.1, 10.1.1.2", ",",
     "an address, a statement (VIPADEFINE, VIPABACKUP, VIPADISTRIBUTE, VIPARANGE, VIPADELETE, SOURCEVIPA) or "
     "ENDVIPADYNAMIC"},
    // CFG-2
    {"move_how", "VIPADYNAMIC\nVIPADEFINE MOVEABLE ^CLUSTERPORTS /24 10.1.1.1",
     "VIPADEFINE MOVEABLE CLUSTERPORTS /24 10.1.1.1", "CLUSTERPORTS", "IMMEDIATE or WHENIDLE"},
    {"no_mask", "VIPADYNAMIC VIPADEFINE ^10.1.1.1", "VIPADEFINE 10.1.1.1", "10.1.1.1",
     "MOVEABLE, CLUSTERPORTS or a mask, such as 255.255.255.0 or /24 or /64"},
    {"mask_with_a_hole", "VIPADYNAMIC VIPADEFINE ^255.0.255.0 10.1.1.1", "VIPADEFINE 255.0.255.0 10.1.1.1",
     "255.0.255.0", "MOVEABLE, CLUSTERPORTS or a mask, such as 255.255.255.0 or /24 or /64"},
    {"mask_zero", "VIPADYNAMIC VIPADEFINE ^0.0.0.0 10.1.1.1", "VIPADEFINE 0.0.0.0 10.1.1.1", "0.0.0.0",
     "MOVEABLE, CLUSTERPORTS or a mask, such as 255.255.255.0 or /24 or /64"},
    {"mask_too_long", "VIPADYNAMIC VIPADEFINE ^/129 2001:db8::1", "VIPADEFINE /129 2001:db8::1", "/129",
     "MOVEABLE, CLUSTERPORTS or a mask, such as 255.255.255.0 or /24 or /64"},
    {"mask_of_ipv6_words", "VIPADYNAMIC VIPADEFINE ^ffff:ffff:: 2001:db8::1", "VIPADEFINE ffff:ffff:: 2001:db8::1",
     "ffff:ffff::", "MOVEABLE, CLUSTERPORTS or a mask, such as 255.255.255.0 or /24 or /64"},
    {"mask_too_long_for_ipv4", "VIPADYNAMIC VIPADEFINE ^/33 10.1.1.1 ENDVIPADYNAMIC", "VIPADEFINE /33 10.1.1.1", "/33",
     "a mask for IPv4 addresses: such as 255.255.255.0, or a length of 1 to 32"},
    {"dotted_mask_for_ipv6", "VIPADYNAMIC VIPADEFINE ^255.255.255.0 2001:db8::1 ENDVIPADYNAMIC",
     "VIPADEFINE 255.255.255.0 2001:db8::1", "255.255.255.0", "a mask for IPv6 addresses: a length of 1 to 128"},
    {"no_address", "VIPADYNAMIC VIPADEFINE /24\n ^VIPABACKUP 10.1.1.1 ENDVIPADYNAMIC", "VIPADEFINE /24", "VIPABACKUP",
     "an address"},
    {"other_subnet", "VIPADYNAMIC\n  VIPADEFINE 255.255.255.0 10.1.1.1\n\t^10.1.2.1 ENDVIPADYNAMIC",
     "VIPADEFINE 255.255.255.0 10.1.1.1 10.1.2.1", "10.1.2.1",
     "an address of the subnet 10.1.1.0/24, as the first of the statement"},
    {"mixed_families", "VIPADYNAMIC VIPADEFINE 24 10.1.1.1 ^2001:db8::1 ENDVIPADYNAMIC",
     "VIPADEFINE 24 10.1.1.1 2001:db8::1", "2001:db8::1", "an IPv4 address, as the first of the statement"},
    {"option_twice", "VIPADYNAMIC VIPADEFINE MOVEABLE IMMEDIATE MOVEABLE ^WHENIDLE /24 10.1.1.1 ENDVIPADYNAMIC",
     "VIPADEFINE MOVEABLE IMMEDIATE MOVEABLE WHENIDLE /24 10.1.1.1", "WHENIDLE", "each option at most once"},
    {"not_a_host_address", "VIPADYNAMIC VIPADEFINE /24 ^224.0.0.5 ENDVIPADYNAMIC", "VIPADEFINE /24 224.0.0.5",
     "224.0.0.5", "an address that a host can own"},
    {"loopback", "VIPADYNAMIC VIPADEFINE /64 ^::1 ENDVIPADYNAMIC", "VIPADEFINE /64 ::1", "::1",
     "an address that a host can own"},
    {"twice", "VIPADYNAMIC VIPADEFINE /24 10.1.1.1\nVIPADEFINE /24 10.1.1.2 ^10.1.1.1 ENDVIPADYNAMIC",
     "VIPADEFINE /24 10.1.1.2 10.1.1.1", "10.1.1.1",
     "an address that is not yet defined: this one is primary (VIPADEFINE) already"},
    // CFG-3
    {"rank_zero", "VIPADYNAMIC VIPABACKUP ^0 10.1.1.1 ENDVIPADYNAMIC", "VIPABACKUP 0 10.1.1.1", "0",
     "a rank of 1 to 254"},
    {"rank_255", "VIPADYNAMIC VIPABACKUP ^255 10.1.1.1 ENDVIPADYNAMIC", "VIPABACKUP 255 10.1.1.1", "255",
     "a rank of 1 to 254"},
    {"rank_beyond_all_integers", "VIPADYNAMIC VIPABACKUP ^99999999999999999999999 10.1.1.1 ENDVIPADYNAMIC",
     "VIPABACKUP 99999999999999999999999 10.1.1.1", "99999999999999999999999", "a rank of 1 to 254"},
    {"rank_negative", "VIPADYNAMIC VIPABACKUP ^-1 10.1.1.1 ENDVIPADYNAMIC", "VIPABACKUP -1 10.1.1.1", "-1",
     "a rank or an address"},
    {"two_ranks", "VIPADYNAMIC VIPABACKUP 1 ^2 10.1.1.1 ENDVIPADYNAMIC", "VIPABACKUP 1 2 10.1.1.1", "2", "an address"},
    {"primary_and_backup", "VIPADYNAMIC VIPADEFINE /24 10.1.1.1\n VIPABACKUP ^10.1.1.1 ENDVIPADYNAMIC",
     "VIPABACKUP 10.1.1.1", "10.1.1.1", "an address that is not yet defined: this one is primary (VIPADEFINE) already"},
    {"backup_and_primary", "VIPADYNAMIC VIPABACKUP 10.1.1.1\n VIPADEFINE /24 ^10.1.1.1 ENDVIPADYNAMIC",
     "VIPADEFINE /24 10.1.1.1", "10.1.1.1",
     "an address that is not yet defined: this one is backup (VIPABACKUP) already"},
    {"backup_of_both_families", "VIPADYNAMIC VIPABACKUP 2001:db8::1 ^10.1.1.1 ENDVIPADYNAMIC",
     "VIPABACKUP 2001:db8::1 10.1.1.1", "10.1.1.1", "an IPv6 address, as the first of the statement"},
    // CFG-4
    {"distribute_the_unknown", "VIPADYNAMIC VIPADISTRIBUTE ^10.1.1.1 DESTIP ALL ENDVIPADYNAMIC",
     "VIPADISTRIBUTE 10.1.1.1 DESTIP ALL", "10.1.1.1",
     "an address that a VIPADEFINE or VIPABACKUP of this profile defines"},
    {"distribute_twice",
     "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADIST 10.1.1.1 PORT 80 DESTIP ALL VIPADIST ^10.1.1.1 PORT 81 DESTIP ALL "
     "ENDVIPADYNAMIC",
     "VIPADIST 10.1.1.1 PORT 81 DESTIP ALL", "10.1.1.1",
     "an address that is not yet distributed: all its ports and targets go into one statement"},
    // CFG-6
    {"source_of_no_job", "VIPADYNAMIC SOURCEVIPA 10.1.1.1 ^ENDVIPADYNAMIC", "SOURCEVIPA 10.1.1.1", "ENDVIPADYNAMIC",
     "the name of a job"},
    {"source_of_a_statement", "VIPADYNAMIC SOURCEVIPA 10.1.1.1 ^VIPABACKUP 10.1.1.1 ENDVIPADYNAMIC",
     "SOURCEVIPA 10.1.1.1", "VIPABACKUP", "the name of a job"},
    {"source_with_star_inside", "VIPADYNAMIC SOURCEVIPA 10.1.1.1 ^a*b ENDVIPADYNAMIC", "SOURCEVIPA 10.1.1.1 a*b", "a*b",
     "the name of a job"},
    {"source_twice", "VIPADYNAMIC SOURCEVIPA 10.1.1.1 job SOURCEVIPA 10.1.1.2 ^job ENDVIPADYNAMIC",
     "SOURCEVIPA 10.1.1.2 job", "job", "a job that has no source yet"},
    {"source_of_loopback", "VIPADYNAMIC SOURCEVIPA ^127.0.0.1 job ENDVIPADYNAMIC", "SOURCEVIPA 127.0.0.1 job",
     "127.0.0.1", "an address that a host can own"},
    {"unsource_the_unknown", "VIPADYNAMIC SOURCEVIPA DELETE ^job ENDVIPADYNAMIC", "SOURCEVIPA DELETE job", "job",
     "a job that has a source"},
    {"affinity_too_long", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADIST TIMEDAFF ^10000 10.1.1.1 DESTIP ALL ENDVIPADYNAMIC",
     "VIPADIST TIMEDAFF 10000 10.1.1.1 DESTIP ALL", "10000", "0 to 9999 seconds"},
    {"affinity_without_time", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADIST TIMEDAFF ^10.1.1.1 DESTIP ALL ENDVIPADYNAMIC",
     "VIPADIST TIMEDAFF 10.1.1.1 DESTIP ALL", "10.1.1.1", "a number of seconds"},
    {"no_destination", "VIPADYNAMIC VIPADISTRIBUTE 10.1.1.1 ^ENDVIPADYNAMIC", "VIPADISTRIBUTE 10.1.1.1",
     "ENDVIPADYNAMIC", "PORT or DESTIP"},
    {"destination_of_nothing", "VIPADYNAMIC VIPADISTRIBUTE 10.1.1.1 DESTIP ^ENDVIPADYNAMIC",
     "VIPADISTRIBUTE 10.1.1.1 DESTIP", "ENDVIPADYNAMIC", "ALL or an address"},
    {"unknown_method", "VIPADYNAMIC VIPADISTRIBUTE DISTMETHOD ^FASTEST 10.1.1.1 DESTIP ALL",
     "VIPADISTRIBUTE DISTMETHOD FASTEST 10.1.1.1 DESTIP ALL", "FASTEST",
     "ROUNDROBIN, WEIGHTEDACTIVE, WEIGHTED, BASEWLM or HOTSTANDBY"},
    {"two_methods",
     "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE DISTMETHOD BASEWLM DISTMETHOD ^BASEWLM 10.1.1.1 DESTIP ALL "
     "ENDVIPADYNAMIC",
     "VIPADISTRIBUTE DISTMETHOD BASEWLM DISTMETHOD BASEWLM 10.1.1.1 DESTIP ALL", "BASEWLM", "each option at most once"},
    {"port_zero", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 PORT 80 ^0 DESTIP ALL ENDVIPADYNAMIC",
     "VIPADISTRIBUTE 10.1.1.1 PORT 80 0 DESTIP ALL", "0", "a port of 1 to 65535"},
    {"port_too_high", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 PORT ^65536 DESTIP ALL ENDVIPADYNAMIC",
     "VIPADISTRIBUTE 10.1.1.1 PORT 65536 DESTIP ALL", "65536", "a port of 1 to 65535"},
    {"range_too_high",
     "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 PORT 1-^70000 DESTIP ALL ENDVIPADYNAMIC",
     "VIPADISTRIBUTE 10.1.1.1 PORT 1-70000 DESTIP ALL", "70000", "a port of 1 to 65535"},
    {"range_backwards", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 PORT 90-^80 DESTIP ALL ENDVIPADYNAMIC",
     "VIPADISTRIBUTE 10.1.1.1 PORT 90-80 DESTIP ALL", "80", "a port that is not below 90"},
    {"range_without_end", "VIPADYNAMIC VIPADISTRIBUTE 10.1.1.1 PORT ^80- DESTIP ALL",
     "VIPADISTRIBUTE 10.1.1.1 PORT 80- DESTIP ALL", "80-", "a port or a range of ports"},
    {"port_by_name", "VIPADYNAMIC VIPADISTRIBUTE 10.1.1.1 PORT 80 ^https DESTIP ALL",
     "VIPADISTRIBUTE 10.1.1.1 PORT 80 https DESTIP ALL", "https", "a port or a range of ports or DESTIP"},
    {"comma_at_the_end", "VIPADYNAMIC VIPADISTRIBUTE 10.1.1.1 PORT 80, ^DESTIP ALL",
     "VIPADISTRIBUTE 10.1.1.1 PORT 80, DESTIP ALL", "DESTIP", "a port or a range of ports"},
    {"target_twice",
     "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 DESTIP 10.0.0.1, ^10.0.0.1 ENDVIPADYNAMIC",
     "VIPADISTRIBUTE 10.1.1.1 DESTIP 10.0.0.1, 10.0.0.1", "10.0.0.1", "each target once"},
    {"targets_of_both_families",
     "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 DESTIP 10.0.0.1 ^fd00::1 ENDVIPADYNAMIC",
     "VIPADISTRIBUTE 10.1.1.1 DESTIP 10.0.0.1 fd00::1", "fd00::1", "an IPv4 address, as the first of DESTIP"},
    {"target_that_is_no_host", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 DESTIP ^0.0.0.0 ENDVIPADYNAMIC",
     "VIPADISTRIBUTE 10.1.1.1 DESTIP 0.0.0.0", "0.0.0.0", "an address that a host can own"},
    {"weight_for_round_robin",
     "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 DESTIP 10.0.0.1 WEIGHT ^3 ENDVIPADYNAMIC",
     "VIPADISTRIBUTE 10.1.1.1 DESTIP 10.0.0.1 WEIGHT 3", "3",
     "no weight: only DISTMETHOD WEIGHTED, WEIGHTEDACTIVE and HOTSTANDBY have weights"},
    {"weight_too_high",
     "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE DISTMETHOD WEIGHTED 10.1.1.1 DESTIP 10.0.0.1 WEIGHT ^256 "
     "ENDVIPADYNAMIC",
     "VIPADISTRIBUTE DISTMETHOD WEIGHTED 10.1.1.1 DESTIP 10.0.0.1 WEIGHT 256", "256", "a weight of 0 to 255"},
    {"weight_missing", "VIPADYNAMIC VIPADISTRIBUTE DISTMETHOD WEIGHTED 10.1.1.1 DESTIP 10.0.0.1 WEIGHT^, 10.0.0.2",
     "VIPADISTRIBUTE DISTMETHOD WEIGHTED 10.1.1.1 DESTIP 10.0.0.1 WEIGHT, 10.0.0.2", ",", "a weight"},
    {"delete_what_is_not_distributed", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE DELETE ^10.1.1.1 ENDVIPADYNAMIC",
     "VIPADISTRIBUTE DELETE 10.1.1.1", "10.1.1.1", "an address that is distributed"},
    // CFG-5
    {"range_to_move_immediately", "VIPADYNAMIC VIPARANGE MOVEABLE ^IMMEDIATE /24 10.1.1.0",
     "VIPARANGE MOVEABLE IMMEDIATE /24 10.1.1.0", "IMMEDIATE", "NONDISRUPTIVE or DISRUPTIVE"},
    {"range_twice", "VIPADYNAMIC VIPARANGE /24 10.1.1.0 VIPARANGE 255.255.255.0 ^10.1.1.9 ENDVIPADYNAMIC",
     "VIPARANGE 255.255.255.0 10.1.1.9", "10.1.1.9", "a range that is not yet defined"},
    {"range_of_nobody", "VIPADYNAMIC VIPARANGE /2 ^10.1.1.0 ENDVIPADYNAMIC", "VIPARANGE /2 10.1.1.0", "10.1.1.0",
     "a range of addresses that hosts can own"},
    {"range_with_two_addresses", "VIPADYNAMIC VIPARANGE /24 10.1.1.0 ^10.1.2.0 ENDVIPADYNAMIC",
     "VIPARANGE /24 10.1.1.0 10.1.2.0", "10.1.2.0",
     "a statement (VIPADEFINE, VIPABACKUP, VIPADISTRIBUTE, VIPARANGE, VIPADELETE, SOURCEVIPA) or ENDVIPADYNAMIC"},
    {"range_mask_of_the_other_family", "VIPADYNAMIC VIPARANGE ^/64 10.1.1.0 ENDVIPADYNAMIC", "VIPARANGE /64 10.1.1.0",
     "/64", "a mask for IPv4 addresses: such as 255.255.255.0, or a length of 1 to 32"},
    {"delete_no_range", "VIPADYNAMIC VIPARANGE DELETE /24 ^10.1.1.0 ENDVIPADYNAMIC", "VIPARANGE DELETE /24 10.1.1.0",
     "10.1.1.0", "a range that is defined"},
    // CFG-7
    {"delete_nothing", "VIPADYNAMIC VIPADELETE ^10.1.1.1 ENDVIPADYNAMIC", "VIPADELETE 10.1.1.1", "10.1.1.1",
     "an address that is defined"},
};

class ProfileErrors : public testing::TestWithParam<Case> {};

TEST_P(ProfileErrors, NamesPlaceStatementFoundAndExpected) {
  const Case& wrong = GetParam();
  const std::size_t mark = wrong.marked.find('^');
  const std::string before(wrong.marked.substr(0, mark));
  const std::string text = before + std::string(wrong.marked.substr(mark + 1));
  const auto definitions = parse_profile(text, "test.profile");
  ASSERT_FALSE(definitions);
  const ProfileError& error = definitions.error();
  EXPECT_EQ(error.file, "test.profile");
  EXPECT_EQ(error.line, 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')));
  EXPECT_EQ(error.column, before.size() - (before.rfind('\n') + 1) + 1);
  EXPECT_EQ(error.statement, wrong.statement);
  EXPECT_EQ(error.found, wrong.found);
  EXPECT_EQ(error.expected, wrong.expected);
}

INSTANTIATE_TEST_SUITE_P(Every, ProfileErrors, testing::ValuesIn(cases),
                         [](const auto& each) { return std::string(each.param.name); });

std::string rendered(std::string_view text) {
  const auto definitions = parse_profile(text, "mvs1.profile");
  return definitions ? "no error" : render(definitions.error(), text);
}

TEST(ProfileErrorText, PointsAtTheWord) {
  EXPECT_EQ(rendered("VIPADYNAMIC\n\tVIPADEFINE /24 10.1.1.1 10.1.2.1 ; two\nENDVIPADYNAMIC\n"),
            "mvs1.profile:2:26: VIPADEFINE: found '10.1.2.1', expected an address of the subnet 10.1.1.0/24, as the "
            "first of the statement\n"
            "   VIPADEFINE /24 10.1.1.1 10.1.2.1 ; two\n"
            "                           ^\n");
}

TEST(ProfileErrorText, PointsBehindTheLastWordWhenTheProfileEnds) {
  EXPECT_EQ(rendered("VIPADYNAMIC\n"),
            "mvs1.profile:1:12: found the end of the profile, expected a statement (VIPADEFINE, VIPABACKUP, "
            "VIPADISTRIBUTE, VIPARANGE, VIPADELETE, SOURCEVIPA) or ENDVIPADYNAMIC\n"
            "  VIPADYNAMIC\n"
            "             ^\n");
}

TEST(ProfileErrorText, StaysShortAndPrintableWhateverTheProfileHolds) {
  const std::string blanks(1'000'000, ' ');
  const std::string text = "VIPADYNAMIC " + blanks + std::string(1'000'000, '\x01') + blanks;
  const std::string shown = rendered(text);
  EXPECT_LT(shown.size(), 800U);
  EXPECT_THAT(shown, testing::HasSubstr("found '" + std::string(60, '?') + "...'"));
  for (const char c : shown) EXPECT_TRUE(c == '\n' || c >= ' ') << static_cast<int>(c);
}

}  // namespace
}  // namespace dvipa::profile
