// What a host can do more, from its load. covers: RTE-8
#include "impl/live/kernel/host_load.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace dvipa::kernel {
namespace {

LoadSample sample(unsigned processors, std::uint64_t idle, std::uint64_t total, double load) {
  return {processors, idle, total, load};
}

TEST(HostLoad, IsWhatStandsIdle) {
  EXPECT_EQ(capacity_between(sample(4, 0, 0, 0), sample(4, 400, 400, 0)), 400);
  EXPECT_EQ(capacity_between(sample(4, 1000, 5000, 0), sample(4, 1300, 5400, 1)), 300);
}

TEST(HostLoad, IsNeverLessThanTheShareOfOneMoreProcess) {
  EXPECT_EQ(capacity_between(sample(4, 100, 5000, 0), sample(4, 100, 5400, 4)), 50);
  EXPECT_EQ(capacity_between(sample(4, 100, 5000, 0), sample(4, 100, 5400, 12)), 25);
  EXPECT_EQ(capacity_between(sample(1, 100, 5000, 0), sample(1, 100, 5400, 1e9)), 1);
}

TEST(HostLoad, StaysInItsRange) {
  EXPECT_EQ(capacity_between(sample(1024, 0, 0, 0), sample(1024, 4000, 4000, 0)), 65535);
  EXPECT_EQ(capacity_between(sample(2, 900, 1000, 0), sample(2, 100, 1100, 0)), 100) << "counters that went back";
}

TEST(HostLoad, SmallChangesAreNotNotable) {
  EXPECT_FALSE(differs_notably(400, 400));
  EXPECT_FALSE(differs_notably(400, 350));
  EXPECT_FALSE(differs_notably(400, 450));
  EXPECT_TRUE(differs_notably(400, 349));
  EXPECT_TRUE(differs_notably(400, 451));
}

TEST(HostLoad, ReadsWhatLinuxWrites) {
  const auto here = sample_load();
  ASSERT_TRUE(here);
  EXPECT_GT(here->processors, 0U);
  EXPECT_GE(here->total_ticks, here->idle_ticks);
}

TEST(HostLoad, RefusesWhatIsNoSuchFile) {
  const auto folder = std::filesystem::path(testing::TempDir()) / ("host-load-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  EXPECT_FALSE(sample_load(folder));
  const auto write = [&](const char* name, const char* text) { std::ofstream(folder / name) << text; };
  write("loadavg", "0.50 0.40 0.30 1/100 4711\n");
  for (const char* text : {"", "cpu 1 2 3\ncpu0 1 2 3\n", "cpu 1 2 3 4 5 6 7 8 9 10\n", "intr 5\n"}) {
    write("stat", text);
    EXPECT_FALSE(sample_load(folder)) << text;
  }
  write("stat", "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\ncpu1 0 0 0 0 0 0 0 0 0 0\nintr 5\n");
  const auto read = sample_load(folder);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->processors, 2U);
  EXPECT_EQ(read->idle_ticks, 9U);
  EXPECT_EQ(read->total_ticks, 36U);
  EXPECT_DOUBLE_EQ(read->load_average, 0.5);
  write("loadavg", "much\n");
  EXPECT_FALSE(sample_load(folder));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace dvipa::kernel
