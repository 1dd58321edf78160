// Canonical text of definitions. covers: CFG-1
#include "tests/unit/profile/definition_text.hpp"

namespace dvipa::profile {
namespace {

TEST(ProfileWrite, SaysEverythingInWholeWords) {
  const std::string canonical =
      "VIPADYNAMIC\n"
      "  VIPADEFINE MOVEABLE WHENIDLE CLUSTERPORTS 255.255.255.0 10.1.1.1\n"
      "  VIPADISTRIBUTE DEFINE DISTMETHOD WEIGHTED CLUSTERPORTS CONTENTROUTED 10.1.1.1 PORT 80 8000-8099 DESTIP "
      "10.0.0.1 WEIGHT 3, 10.0.0.2\n"
      "  VIPABACKUP 30 10.2.2.2\n"
      "  VIPADISTRIBUTE DEFINE DISTMETHOD ROUNDROBIN 10.2.2.2 DESTIP ALL\n"
      "  VIPADEFINE MOVEABLE IMMEDIATE /64 2001:db8::1\n"
      "  VIPARANGE DEFINE MOVEABLE DISRUPTIVE CLUSTERPORTS 255.255.0.0 10.9.0.0\n"
      "ENDVIPADYNAMIC\n";
  EXPECT_EQ(write_profile(read(canonical)), canonical);
}

}  // namespace
}  // namespace dvipa::profile
