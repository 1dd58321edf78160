// The control socket, both ends: who may use it, what happens to what a process left, and what hostile askers get.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <fstream>
#include <thread>

#include "impl/live/control/control_client.hpp"
#include "impl/live/control/control_server.hpp"

namespace dvipa::control {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// A server in a thread of its own that answers with what it was asked.
class Control : public testing::Test {
 protected:
  Control() {
    std::string name = (fs::temp_directory_path() / "dvipa-control-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~Control() override {
    boost::asio::post(io_, [this] { server_.reset(); });
    guard_.reset();
    if (thread_.joinable()) thread_.join();
    fs::remove_all(folder_);
  }

  fs::path path() const { return folder_ / "below" / "MVS1.sock"; }
  std::string failure_to_open() {
    boost::asio::io_context io;
    const auto other = ControlServer::open(io, path(), echo);
    return other ? "" : other.error().what + " (" + other.error().remedy + ")";
  }
  void serve() {
    auto opened = ControlServer::open(io_, path(), echo);
    ASSERT_TRUE(opened) << opened.error().what;
    server_ = std::move(*opened);
    thread_ = std::thread([this] { io_.run(); });
  }
  static void echo(const Json& request, const Answer& answer) { answer({{"ok", true}, {"asked", request}}); }

  // As a process does that is killed.
  static void leave_socket(const fs::path& at) {
    const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    at.string().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::close(left);
  }
  int connect() const {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().string().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return socket;
  }
  // What comes back until the other end closes, or a line is whole.
  static std::string talk(int socket, const std::string& text, bool to_the_end) {
    for (std::size_t sent = 0; sent < text.size();) {
      const ssize_t part = ::send(socket, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (part <= 0) break;
      sent += static_cast<std::size_t>(part);
    }
    std::string heard;
    std::array<char, 4096> part{};
    for (;;) {
      const ssize_t got = ::recv(socket, part.data(), part.size(), 0);
      if (got <= 0) return heard;
      heard.append(part.data(), static_cast<std::size_t>(got));
      if (!to_the_end && heard.back() == '\n') return heard;
    }
  }

 private:
  fs::path folder_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{io_.get_executor()};
  std::unique_ptr<ControlServer> server_;
  std::thread thread_;
};

TEST_F(Control, AnswersOneRequestAfterTheOther) {
  serve();
  const Json request = {{"verb", "netstat"}, {"report", "vdpt"}};
  const auto answer = ask(path(), request, 5s);
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->at("asked"), request);
  const int socket = connect();
  EXPECT_EQ(talk(socket, "{\"a\":1}\n", false), "{\"ok\":true,\"asked\":{\"a\":1}}\n");
  EXPECT_EQ(talk(socket, "{\"a\":2}\n", false), "{\"ok\":true,\"asked\":{\"a\":2}}\n");
  ::close(socket);
}

TEST_F(Control, IsForItsOwnUserOnly) {
  serve();
  struct stat seen {};
  ASSERT_EQ(::stat(path().c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777U, 0600U);
}

TEST_F(Control, RefusesWhatIsNoObjectAndGoesOn) {
  serve();
  for (const std::string bad : {"nonsense\n", "[1,2]\n", "\n", "{\"a\":\n", "\xff\xfe\n"}) {
    const int socket = connect();
    const std::string heard = talk(socket, bad, true);
    EXPECT_NE(heard.find("\"ok\":false"), std::string::npos) << bad << heard;
    ::close(socket);
  }
  EXPECT_TRUE(ask(path(), {{"a", 1}}, 5s));
}

TEST_F(Control, BoundsARequest) {
  serve();
  const int socket = connect();
  const std::string heard = talk(socket, std::string(request_bytes_max + 100, 'x'), true);
  EXPECT_NE(heard.find("more than"), std::string::npos) << heard;
  ::close(socket);
  const auto refused = ask(path(), {{"text", std::string(request_bytes_max, 'x')}}, 5s);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().remedy.find("the most"), std::string::npos);
}

// Deep nesting must not exhaust the parser's stack.
TEST_F(Control, SurvivesDeepNesting) {
  serve();
  const int socket = connect();
  const std::string heard = talk(socket, "{\"a\":" + std::string(500'000, '[') + "\n", true);
  EXPECT_NE(heard.find("\"ok\":false"), std::string::npos);
  ::close(socket);
  EXPECT_TRUE(ask(path(), {{"a", 1}}, 5s));
}

// Silent askers fill every place, and when one goes the next is heard.
TEST_F(Control, ManySilentAskersDoNotKeepItFromAnsweringWhenOneGoes) {
  serve();
  std::vector<int> sockets;
  for (std::size_t i = 0; i < askers_max; ++i) sockets.push_back(connect());
  std::thread later([&] { ::close(sockets.front()); });
  EXPECT_TRUE(ask(path(), {{"a", 1}}, 5s));
  later.join();
  for (std::size_t i = 1; i < sockets.size(); ++i) ::close(sockets[i]);
}

TEST_F(Control, ASocketInUseIsRefusedAndNothingElseIsTouched) {
  serve();
  const std::string said = failure_to_open();
  EXPECT_NE(said.find("another process listens"), std::string::npos) << said;
  EXPECT_NE(said.find("--control"), std::string::npos) << said;
  EXPECT_TRUE(ask(path(), {{"a", 1}}, 5s));
}

TEST_F(Control, WhatADeadProcessLeftIsReplaced) {
  fs::create_directories(path().parent_path());
  leave_socket(path());
  ASSERT_TRUE(fs::exists(path()));
  serve();
  EXPECT_TRUE(ask(path(), {{"a", 1}}, 5s));
}

TEST_F(Control, AFileThatIsNoSocketIsLeft) {
  fs::create_directories(path().parent_path());
  std::ofstream(path()) << "mine";
  EXPECT_NE(failure_to_open().find("no socket"), std::string::npos);
  EXPECT_EQ(fs::file_size(path()), 4U);
}

TEST_F(Control, TheEndOfTheServerRemovesTheSocket) {
  {
    boost::asio::io_context io;
    ASSERT_TRUE(ControlServer::open(io, path(), echo));
  }
  EXPECT_FALSE(fs::exists(path()));
  const auto nobody = ask(path(), {{"a", 1}}, 1s);
  ASSERT_FALSE(nobody);
  EXPECT_NE(nobody.error().remedy.find("dvipa run"), std::string::npos);
}

TEST_F(Control, FindsTheOnlyStackAndNamesSeveral) {
  EXPECT_FALSE(find_socket({path().parent_path()}, ""));
  serve();
  EXPECT_EQ(*find_socket({path().parent_path()}, ""), path());
  EXPECT_EQ(*find_socket({path().parent_path()}, "MVS1"), path());
  EXPECT_FALSE(find_socket({path().parent_path()}, "MVS2"));
  std::ofstream(path().parent_path() / "MVS3.sock");  // no socket
  EXPECT_EQ(*find_socket({path().parent_path()}, ""), path());
  leave_socket(path().parent_path() / "MVS2.sock");
  const auto several = find_socket({path().parent_path()}, "");
  ASSERT_FALSE(several);
  EXPECT_NE(several.error().remedy.find("--name"), std::string::npos);
}

}  // namespace
}  // namespace dvipa::control
