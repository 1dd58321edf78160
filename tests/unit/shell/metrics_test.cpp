// The metrics are Prometheus text: every sample belongs to a family that was announced before it.
#include "impl/live/shell/metrics.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

#include "tests/unit/shell/small_stack.hpp"

namespace dvipa::test {
namespace {

std::string text_of(const SmallStack& small, const PacketCounters& packets) {
  const StackView view = small.view();
  return metrics_text({view, "MVS1", true, packets, {}, {}, {}, {}, 0});
}

TEST(Metrics, AreWellFormedText) {
  SmallStack small;
  small.totals[dva1][{60, StackId{2}}] = 17;
  std::istringstream lines(text_of(small, {}));
  std::set<std::string> families;
  const std::regex type("# TYPE ([a-z_]+) (counter|gauge)");
  const std::regex help("# HELP [a-z_]+ .+");
  const std::regex sample(R"re(([a-z_]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9]+)re");
  unsigned samples = 0;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, type)) {
      EXPECT_TRUE(families.insert(match[1]).second) << line;
      EXPECT_EQ(match[2] == "counter", match[1].str().ends_with("_total")) << line;
    } else if (!std::regex_match(line, help)) {
      ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
      EXPECT_TRUE(families.contains(match[1])) << line;
      ++samples;
    }
  }
  EXPECT_GT(samples, 30U);
}

TEST(Metrics, TellWhatTheStackHas) {
  SmallStack small;
  small.totals[dva1][{60, StackId{2}}] = 17;
  PacketCounters packets;
  packets.to_target = 5;
  const std::string text = text_of(small, packets);
  for (const char* line : {"dvipa_info{stack=\"MVS1\"} 1\n", "dvipa_group_joined 1\n",
                           "dvipa_ownership_state{dvipa=\"10.77.1.1\",state=\"active\"} 1\n",
                           "dvipa_routes{dvipa=\"10.77.1.1\"} 2\n", "dvipa_packets_total{outcome=\"to_target\"} 5\n",
                           "dvipa_connections_routed_total{dvipa=\"10.77.1.1\",port=\"60\",target=\"MVS2\"} 17\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line;
}

TEST(Metrics, LabelsAreEscaped) {
  MetricText text;
  text.family("dvipa_info", "gauge", "x");
  text.sample({{"stack", "a\"b\\c\nd"}}, 1);
  EXPECT_NE(text.text().find("dvipa_info{stack=\"a\\\"b\\\\c d\"} 1\n"), std::string::npos);
}

}  // namespace
}  // namespace dvipa::test
