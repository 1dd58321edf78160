// Requests of the control socket, with their bytes changed and with their members given values of every type: each is
// read or refused, nothing is thrown.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "impl/live/shell/requests.hpp"
#include "tests/fuzz/mutation.hpp"

namespace dvipa {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array originals = {
    R"({"verb":"netstat","report":"vcrt","detail":true,"max":20})",
    R"({"verb":"metrics"})",
    R"({"verb":"vary","command":"obey","file":"change.profile","text":"VIPADYNAMIC ENDVIPADYNAMIC"})",
    R"({"verb":"vary","command":"leavegroup"})",
    R"({"verb":"vary","command":"deactivate","dvipa":"fd77:0:0:1::1"})",
    R"({"verb":"vary","command":"activate","dvipa":"10.77.1.1"})",
    R"({"verb":"vary","command":"quiesce","port":8080})",
    R"({"verb":"vary","command":"resume"})",
};

bool is_read(const Json& request) { return request.is_object() && read_request(request).has_value(); }

TEST(RequestFuzz, NoMutationOfARequestDoesHarm) {
  ByteMutation mutation(fuzz_seed());
  unsigned read = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string text = originals.at(mutation.below(originals.size()));
    const auto bytes = mutation.of({text.begin(), text.end()});
    read += is_read(Json::parse(bytes.begin(), bytes.end(), nullptr, false)) ? 1 : 0;
  }
  EXPECT_GT(read, 0U);
}

TEST(RequestFuzz, MembersOfEveryTypeAreReadOrRefused) {
  const std::vector<Json> values = {
      nullptr, true, -1, 0, 70000, 1.5, 1e300, "", "x", Json::array(), Json::object(), 18446744073709551615U};
  for (const char* text : originals) {
    const Json original = Json::parse(text);
    ASSERT_TRUE(is_read(original)) << text;
    for (const char* name : {"verb", "report", "detail", "max", "command", "file", "text", "dvipa", "port"})
      for (const Json& value : values) {
        Json changed = original;
        changed[name] = value;
        EXPECT_NO_THROW((void)read_request(changed)) << changed;
      }
  }
}

}  // namespace
}  // namespace dvipa
