// Requests of the control socket: each is read whole or refused with what is wrong.
#include <gtest/gtest.h>

#include "impl/live/shell/requests.hpp"

namespace dvipa {
namespace {

using Json = nlohmann::ordered_json;

std::string refusal_of(const char* text) {
  const auto read = read_request(Json::parse(text));
  return read ? "" : read.error();
}

template <class Kind>
Kind read_as(const char* text) {
  const auto read = read_request(Json::parse(text));
  if (read && std::holds_alternative<Kind>(*read)) return std::get<Kind>(*read);
  ADD_FAILURE() << text << ": " << (read ? "another kind" : read.error());
  return {};
}

TEST(Requests, ReadsReports) {
  const auto netstat = read_as<request::Netstat>(R"({"verb":"netstat","report":"vcrt","detail":true,"max":7})");
  EXPECT_EQ(netstat.report, request::Report::vcrt);
  EXPECT_TRUE(netstat.detail);
  EXPECT_EQ(netstat.rows_max, 7U);
  read_as<request::Metrics>(R"({"verb":"metrics"})");
}

// covers: MOV-7, CFG-7
TEST(Requests, ReadsCommands) {
  EXPECT_EQ(read_as<request::Obey>(R"({"verb":"vary","command":"obey","file":"f","text":"t"})").text, "t");
  read_as<request::LeaveGroup>(R"({"verb":"vary","command":"leavegroup"})");
  read_as<request::JoinGroup>(R"({"verb":"vary","command":"joingroup"})");
  EXPECT_EQ(read_as<request::Deactivate>(R"({"verb":"vary","command":"deactivate","dvipa":"fd00::1"})").dvipa,
            *parse_address("fd00::1"));
  read_as<request::Reactivate>(R"({"verb":"vary","command":"reactivate","dvipa":"10.0.0.1"})");
  EXPECT_EQ(read_as<request::Quiesce>(R"({"verb":"vary","command":"quiesce","port":60})").port, Port{60});
  const auto weight =
      read_as<request::Weight>(R"({"verb":"vary","command":"weight","dvipa":"10.0.0.1","target":"MVS2","weight":255})");
  EXPECT_EQ(weight.target, "MVS2");
  EXPECT_EQ(weight.weight, 255);
  EXPECT_FALSE(
      read_as<request::Weight>(R"({"verb":"vary","command":"weight","dvipa":"10.0.0.1","target":"10.77.0.2"})").weight);
  EXPECT_FALSE(read_as<request::Resume>(R"({"verb":"vary","command":"resume"})").port);
}

TEST(Requests, RefusesWhatIsWrongInPlace) {
  EXPECT_NE(refusal_of("{}").find("verb"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"verb":3})").find("verb"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"verb":"netstat","report":"all"})").find("\"all\""), std::string::npos);
  EXPECT_NE(refusal_of(R"({"verb":"netstat","report":"vcrt","max":-1})").find("max"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"verb":"netstat","report":"vcrt","detail":1})").find("detail"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"verb":"vary","command":"stop"})").find("stop"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"verb":"vary","command":"deactivate"})").find("dvipa"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"verb":"vary","command":"deactivate","dvipa":[1]})").find("dvipa"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"verb":"vary","command":"weight","dvipa":"10.0.0.1"})").find("target"), std::string::npos);
  for (const char* weight : {"256", "-1", "1.5", "\"80\"", "null"})
    EXPECT_NE(refusal_of((R"({"verb":"vary","command":"weight","dvipa":"10.0.0.1","target":"M","weight":)" +
                          std::string(weight) + "}")
                             .c_str())
                  .find("weight"),
              std::string::npos)
        << weight;
  for (const char* port : {"0", "65536", "-1", "1.5", "\"80\"", "null"})
    EXPECT_NE(
        refusal_of((R"({"verb":"vary","command":"quiesce","port":)" + std::string(port) + "}").c_str()).find("port"),
        std::string::npos)
        << port;
}

}  // namespace
}  // namespace dvipa
