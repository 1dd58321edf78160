// What is started on each host.
#include "harness/conform/implementation.hpp"

#include <gtest/gtest.h>

namespace dvipa::conform {
namespace {

const StackFiles files = {"MVS3", "e0", "/r/cluster.toml", "/r/mvs3.profile", "/r/MVS3.log", "/r/MVS3.output"};

TEST(Implementations, OursIsDvipaRun) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(
      dvipa_implementation("/bin/dvipa", "pcap", "ignore-rank")->command(files),
      (Words{"/bin/dvipa", "run", "--cluster", "/r/cluster.toml", "--name", "MVS3", "--interface", "e0", "--profile",
             "/r/mvs3.profile", "--log", "/r/MVS3.log", "--port", "pcap", "--mutant", "ignore-rank"}));
}

TEST(Implementations, AnyCommandIsGivenTheFiles) {
  const auto command = command_implementation("vip {name} -i {interface} -c {cluster} -p {profile} > {log} {name}");
  EXPECT_EQ(command->command(files).back(),
            "exec vip MVS3 -i e0 -c /r/cluster.toml -p /r/mvs3.profile > /r/MVS3.log MVS3");
  EXPECT_FALSE(command->tells_events());
}

}  // namespace
}  // namespace dvipa::conform
