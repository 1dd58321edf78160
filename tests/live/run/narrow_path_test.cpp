// Paths with a narrow place, behind a router: errors about a forwarded connection reach its target, and fragments of
// its segments stay together (RTE-10).
#include <gtest/gtest.h>

#include <fstream>

#include "tests/live/run/stacks.hpp"

namespace dvipa::test {
namespace {

// A host 10.88.0.2 behind the lab's client, which forwards for it; `set_up` makes a place of the way narrow, and `talk`
// is a Perl program that runs on the far host.
std::string behind_client(const std::string& set_up, const std::string& talk, unsigned limit_s = 20) {
  return R"sh(set -e
unshare -n sleep 60 & far=$!
trap 'kill $far' EXIT
while [ "$(readlink /proc/$far/ns/net)" = "$(readlink /proc/self/ns/net)" ];
  do :; done
ip link add near type veth peer name e1 netns $far
ip address add 10.88.0.1/24 dev near
ip link set near up
nsenter -t $far -n sh -c 'ip address add 10.88.0.2/24 dev e1; ip link set e1 up; ip route add default via 10.88.0.1'
echo 1 > /proc/sys/net/ipv4/ip_forward
)sh" + set_up +
         "\nnsenter -t $far -n perl -MIO::Socket::INET -e '$SIG{ALRM} = sub { die \"timeout\" }; alarm " +
         std::to_string(limit_s) + "; " + talk + "'\n";
}

class NarrowPath : public testing::Test {
 protected:
  // MVS1 owns the DVIPA, and MVS2 alone has an application: a Perl program that talks on $c, a new connection.
  void start(const std::string& application, const std::vector<std::string>& more = {}) {
    for (const unsigned n : {1U, 2U}) {
      stacks_.start(n, more);
      const auto routed =
          stacks_.lab().run("MVS" + std::to_string(n), {"ip", "route", "add", "10.88.0.0/16", "via", "10.77.0.100"});
      ASSERT_TRUE(routed) << routed.error().what;
    }
    auto server =
        stacks_.lab().start("MVS2", {"perl", "-MIO::Socket::IP", "-e",
                                     "$s = IO::Socket::IP->new(LocalAddr => '::', LocalPort => 60, Listen => 5, "
                                     "V6Only => 0) or die; "
                                     "while ($c = $s->accept) { " +
                                         application + "; close $c }"});
    ASSERT_TRUE(server);
    server_ = std::move(*server);
    ASSERT_TRUE(wait_for([&] { return stacks_.ownership(1, dvipa_) == "active"; }));
    ASSERT_TRUE(wait_for([&] {
      const auto events = stacks_.events(1);
      return std::ranges::any_of(events, [this](const Json& each) {
        return each["event"] == "listener" && each["target"] == "MVS2" && each["dvipa"] == dvipa_;
      });
    }));
  }
  std::string run_on_client(const std::string& script) {
    const auto output = stacks_.lab().run("client", {"sh", "-c", script});
    return output ? *output : output.error().what;
  }

  Stacks stacks_{2};
  std::string dvipa_ = "10.77.1.1";
  lab::Process server_;
};

const std::string connect = "$c = IO::Socket::INET->new(PeerAddr => \"10.77.1.1\", PeerPort => 60) or die; ";

// covers: RTE-10
TEST_F(NarrowPath, APathMtuIsDiscoveredThroughTheDvipa) {
  start("print $c \"x\" x 300000");
  const std::string heard = run_on_client(
      behind_client("ip link set near mtu 1300", connect + "$n += length $b while sysread($c, $b, 65536); print $n"));
  EXPECT_EQ(heard, "300000");
  const auto route = stacks_.lab().run("MVS2", {"ip", "route", "get", "10.88.0.2", "from", dvipa_});
  EXPECT_TRUE(route && route->find("mtu 1300") != std::string::npos) << *route;
}

// covers: RTE-10, CFG-9
TEST_F(NarrowPath, APathMtuIsDiscoveredOverIPv6Too) {
  const std::string profile = "VIPADEFINE /64 fd77:0:0:1::1\n VIPADISTRIBUTE DEFINE fd77:0:0:1::1 PORT 60 DESTIP ALL";
  std::ofstream(stacks_.folder() / "mvs1.profile") << "VIPADYNAMIC\n " << profile << "\nENDVIPADYNAMIC\n";
  dvipa_ = "fd77:0:0:1::1";
  start("print $c \"x\" x 300000");
  for (const char* host : {"MVS1", "MVS2"})
    ASSERT_TRUE(stacks_.lab().run(host, {"ip", "-6", "route", "add", "fd77:0:88::/48", "via", "fd77::64"}));
  const std::string far = "nsenter -t $far -n ";
  const std::string heard = run_on_client(behind_client(
      "ip link set near mtu 1300; ip address add fd77:0:88::1/64 dev near nodad; " + far +
          "sh -c 'ip address add fd77:0:88::2/64 dev e1 nodad; ip -6 route add default via fd77:0:88::1'; "
          "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
      "use IO::Socket::IP; $c = IO::Socket::IP->new(PeerAddr => \"fd77:0:0:1::1\", PeerPort => 60) or die; "
      "$n += length $b while sysread($c, $b, 65536); print $n"));
  EXPECT_EQ(heard, "300000");
  const auto route = stacks_.lab().run("MVS2", {"ip", "-6", "route", "get", "fd77:0:88::2", "from", dvipa_});
  EXPECT_TRUE(route && route->find("mtu 1300") != std::string::npos) << *route;
}

// covers: RTE-10
TEST_F(NarrowPath, FragmentsOfOneSegmentReachOneTarget) {
  start("$n = 0; $n += length $b while $n < 300000 && sysread($c, $b, 65536); print $c $n");
  const std::string heard = run_on_client(
      behind_client("ip link set e0 mtu 1300; nsenter -t $far -n sh -c 'echo 1 > /proc/sys/net/ipv4/ip_no_pmtu_disc'",
                    connect + "print $c \"x\" x 300000; $c->flush; sysread($c, $b, 100); print $b"));
  EXPECT_EQ(heard, "300000");
  const auto put_together =
      stacks_.lab().run("MVS2", {"sh", "-c", "awk '/^Ip:/ && $2 ~ /[0-9]/ {print $15}' /proc/net/snmp"});  // ReasmReqds
  ASSERT_TRUE(put_together);
  EXPECT_GT(std::stol(*put_together), 100);
}

TEST_F(NarrowPath, ForgottenFragmentsAreCaught) {
  start("$n = 0; $n += length $b while $n < 300000 && sysread($c, $b, 65536); print $c $n",
        {"--mutant", "forget-fragments"});
  const std::string heard = run_on_client(
      behind_client("ip link set e0 mtu 1300; nsenter -t $far -n sh -c 'echo 1 > /proc/sys/net/ipv4/ip_no_pmtu_disc'",
                    connect + "print $c \"x\" x 300000; $c->flush; sysread($c, $b, 100); print $b", 4));
  EXPECT_NE(heard, "300000");
}

}  // namespace
}  // namespace dvipa::test
