// cluster.toml and the key file: what is read, and how each fault is told.
#include "impl/live/cluster.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace dvipa {
namespace {

using ::testing::HasSubstr;

// A folder of its own with a good key and a cluster.toml to be written.
class ClusterFile : public ::testing::Test {
 protected:
  ClusterFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dvipa-cluster-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    write("cluster.key", std::string(64, 'a') + "\n", 0600);
  }
  ~ClusterFile() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text, mode_t mode = 0644) {
    std::ofstream(folder_ / name, std::ios::trunc) << text;
    ASSERT_EQ(::chmod((folder_ / name).c_str(), mode), 0);
  }
  tl::expected<Cluster, ClusterError> read(const std::string& text) {
    write("cluster.toml", text);
    return read_cluster(folder_ / "cluster.toml");
  }
  // How the error reads, without the folder.
  std::string fault(const std::string& text) {
    const auto cluster = read(text);
    if (cluster) return "accepted";
    EXPECT_FALSE(cluster.error().remedy.empty()) << to_string(cluster.error());
    return to_string(cluster.error()).substr(folder_.string().size() + 1);
  }

  std::filesystem::path folder_;
};

const std::string good =
    "key_file = \"cluster.key\"\n"
    "[heartbeat]\n"
    "interval_ms = 20\n"
    "misses = 4\n"
    "[[member]]\n"
    "name = \"MVS2\"\n"
    "xcf = \"10.77.0.10\"\n"
    "port = 7400\n"
    "[[member]]\n"
    "name = \"MVS1\"\n"
    "xcf = \"10.77.0.9\"\n"
    "port = 7401\n";

std::string with(const std::string& from, const std::string& to) {
  std::string text = good;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST_F(ClusterFile, IsReadAndMembersGetTheirPlaceByAddress) {
  const auto cluster = read(good);
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  ASSERT_EQ(cluster->members.size(), 2U);
  EXPECT_EQ(cluster->members[0].name, "MVS1");
  EXPECT_EQ(cluster->members[0].stack, StackId{1});
  EXPECT_EQ(cluster->members[0].port, 7401);
  EXPECT_EQ(cluster->members[1].name, "MVS2");
  EXPECT_EQ(to_string(cluster->members[1].xcf), "10.77.0.10");
  EXPECT_EQ(cluster->heartbeat.interval_ms, 20U);
  EXPECT_EQ(cluster->heartbeat.misses, 4U);
  EXPECT_EQ(cluster->key, [] {
    wire::ClusterKey key{};
    key.fill(0xaa);
    return key;
  }());
  EXPECT_EQ(cluster->find("MVS2"), &cluster->members[1]);
  EXPECT_EQ(cluster->find("MVS3"), nullptr);
  EXPECT_EQ(cluster->find(StackId{2}), &cluster->members[1]);
  EXPECT_EQ(cluster->find(StackId{3}), nullptr);
  EXPECT_EQ(cluster->find(nobody), nullptr);
}

TEST_F(ClusterFile, NeedsNoHeartbeat) {
  const auto cluster = read(with("[heartbeat]\ninterval_ms = 20\nmisses = 4\n", ""));
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(cluster->heartbeat.interval_ms, 50U);
  EXPECT_EQ(cluster->heartbeat.misses, 5U);
}

TEST_F(ClusterFile, TellsWhereAndWhatIsWrong) {
  EXPECT_THAT(fault(with("misses = 4", "misses = ")), HasSubstr("cluster.toml:4:"));
  EXPECT_THAT(fault(with("misses = 4", "mises = 4")), HasSubstr("cluster.toml:4:1: `mises` is not known here"));
  EXPECT_THAT(fault(with("port = 7400", "prt = 7400")), HasSubstr("cluster.toml:8:1: `prt` is not known here"));
  EXPECT_THAT(fault("colour = 1\n" + good), HasSubstr("cluster.toml:1:1: `colour` is not known here"));
  EXPECT_THAT(fault(with("interval_ms = 20", "interval_ms = 0")), HasSubstr("cluster.toml:3:15: `interval_ms` is not"));
  EXPECT_THAT(fault(with("misses = 4", "misses = 0")), HasSubstr("cluster.toml:4:10: `misses` is not"));
  EXPECT_THAT(fault(with("misses = 4", "misses = \"4\"")), HasSubstr("cluster.toml:4:10: `misses` is not"));
  EXPECT_THAT(fault(with("MVS1", "MVS2")), HasSubstr("cluster.toml:10:8: a second member `MVS2`"));
  EXPECT_THAT(fault(with("10.77.0.9", "10.77.0.10")), HasSubstr("cluster.toml:11:7: 10.77.0.10 is the XCF address of"));
  EXPECT_THAT(fault(with("10.77.0.9", "10.77.0.256")), HasSubstr("cluster.toml:11:7: `10.77.0.256` is not an IPv4"));
  EXPECT_THAT(fault(with("10.77.0.9", "2001:db8::1")), HasSubstr("cluster.toml:11:7: `2001:db8::1` is not an IPv4"));
  EXPECT_THAT(fault(with("port = 7400", "port = 65536")), HasSubstr("cluster.toml:8:8: `port` is not"));
  EXPECT_THAT(fault(with("port = 7400\n", "")), HasSubstr("cluster.toml:5:1: `port` is missing"));
  EXPECT_THAT(fault(with("name = \"MVS2\"", "name = \"\"")), HasSubstr("cluster.toml:6:8: `name` is not a text"));
  EXPECT_THAT(fault("key_file = \"cluster.key\"\n"), HasSubstr("`member` is missing"));
  EXPECT_THAT(fault("key_file = \"cluster.key\"\nmember = 3\n"),
              HasSubstr("cluster.toml:2:10: `member` is not a list"));
  EXPECT_THAT(fault(with("key_file = \"cluster.key\"\n", "")), HasSubstr("`key_file` is missing"));
}

TEST_F(ClusterFile, HasAtMost254Members) {
  const auto members = [](unsigned count) {
    std::string text = "key_file = \"cluster.key\"\n";
    for (unsigned i = 1; i <= count; ++i)
      text += fmt::format("[[member]]\nname = \"M{0}\"\nxcf = \"10.77.1.{0}\"\nport = 7400\n", i);
    return text;
  };
  EXPECT_TRUE(read(members(254)));
  EXPECT_EQ(read(members(254))->members.back().stack, StackId{254});
  EXPECT_THAT(fault(members(255)), HasSubstr("255 members"));
}

TEST_F(ClusterFile, ThatIsNotThereIsTold) {
  const auto cluster = read_cluster(folder_ / "absent.toml");
  ASSERT_FALSE(cluster);
  EXPECT_THAT(to_string(cluster.error()), HasSubstr("absent.toml"));
  EXPECT_FALSE(cluster.error().remedy.empty());
}

TEST_F(ClusterFile, IsRefusedWithAKeyThatIsAbsentShortWrongOrOpenToOthers) {
  EXPECT_THAT(fault(with("cluster.key", "absent.key")), HasSubstr("absent.key: cannot read the key: No such file"));
  write("cluster.key", std::string(63, 'a'), 0600);
  EXPECT_THAT(fault(good), HasSubstr("cluster.key: 63 characters where 64 hexadecimal digits must be"));
  write("cluster.key", std::string(66, 'a'), 0600);
  EXPECT_THAT(fault(good), HasSubstr("66 characters"));
  write("cluster.key", std::string(40, 'a') + "g" + std::string(23, 'a'), 0600);
  EXPECT_THAT(fault(good), HasSubstr("cluster.key:1:41: not a hexadecimal digit"));
  for (const mode_t mode : {0640, 0604, 0660, 0644}) {
    write("cluster.key", std::string(64, 'a'), mode);
    EXPECT_THAT(fault(good), HasSubstr("others can read the key (mode 0"));
    EXPECT_THAT(fault(good), HasSubstr("chmod 600"));
  }
  write("cluster.key", std::string(64, 'a'), 0400);
  EXPECT_EQ(fault(good), "accepted");
}

TEST_F(ClusterFile, NewKeysAreGoodDifferentAndNeverWrittenOverOthers) {
  ASSERT_TRUE(write_new_key(folder_ / "one.key"));
  ASSERT_TRUE(write_new_key(folder_ / "two.key"));
  const auto one = read_key(folder_ / "one.key");
  const auto two = read_key(folder_ / "two.key");
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two);
  const auto again = write_new_key(folder_ / "one.key");
  ASSERT_FALSE(again);
  EXPECT_THAT(to_string(again.error()), HasSubstr("File exists"));
  EXPECT_EQ(read_key(folder_ / "one.key").value(), *one);
}

TEST_F(ClusterFile, MembersDigestTellsDifferentGroupsApart) {
  const Cluster cluster = *read(good);
  EXPECT_EQ(digest_of_members(cluster), digest_of_members(*read(with("interval_ms = 20", "interval_ms = 30"))));
  EXPECT_NE(digest_of_members(cluster), digest_of_members(*read(with("MVS1", "MVS3"))));
  EXPECT_NE(digest_of_members(cluster), digest_of_members(*read(with("7400", "7402"))));
  EXPECT_NE(digest_of_members(cluster), digest_of_members(*read(with("10.77.0.9", "10.77.0.8"))));
}

}  // namespace
}  // namespace dvipa
