#include "tests/live/run/stacks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace dvipa::test {

using namespace std::chrono_literals;

bool wait_for(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "dvipa-run-XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Stacks::Stacks(unsigned count) {
  auto built = lab::Lab::build(lab::standard_plan(count));
  if (!built) throw std::runtime_error("no lab: " + built.error().what);
  lab_.emplace(std::move(*built));
  const std::filesystem::path example = std::filesystem::path(DVIPA_SOURCE_DIR) / "docs/examples/failover";
  for (const auto& entry : std::filesystem::directory_iterator(example))
    std::filesystem::copy_file(entry.path(), folder_ / entry.path().filename().string());
  std::ofstream(folder_ / "cluster.key") << std::string(64, 'a');
  std::filesystem::permissions(folder_ / "cluster.key", std::filesystem::perms::owner_read);
}

std::vector<std::string> Stacks::words(unsigned n) const {
  return {DVIPA_COMMAND, "run",
          "--cluster",   (folder_ / "cluster.toml").string(),
          "--name",      fmt::format("MVS{}", n),
          "--interface", "e0",
          "--profile",   (folder_ / fmt::format("mvs{}.profile", n)).string(),
          "--log",       (folder_ / fmt::format("log{}", n)).string()};
}

void Stacks::start(unsigned n, const std::vector<std::string>& more) {
  std::vector<std::string> command = words(n);
  command.insert(command.end(), more.begin(), more.end());
  auto process = lab_->start(fmt::format("MVS{}", n), command);
  ASSERT_TRUE(process) << process.error().what;
  processes_[n] = std::move(*process);
}

std::pair<int, std::string> Stacks::try_run(unsigned n, const std::vector<std::string>& command) {
  const std::string errors = (folder_ / "stderr").string();
  auto process = lab_->start(fmt::format("MVS{}", n), [&] {
    const int file = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ::dup2(file, STDERR_FILENO);
    return lab::execute(command);
  });
  if (!process) return {-1, process.error().what};
  const auto status = process->wait(15s);
  std::ifstream file(errors);
  std::stringstream text;
  text << file.rdbuf();
  return {status ? status->code : -1, text.str()};
}

std::vector<Json> Stacks::events(unsigned n) const {
  std::vector<Json> events;
  std::ifstream log(folder_ / fmt::format("log{}", n));
  for (std::string line; std::getline(log, line);) {
    Json event = Json::parse(line, nullptr, false);
    if (!event.is_discarded()) events.push_back(std::move(event));
  }
  return events;
}

std::string Stacks::ownership(unsigned n, const std::string& dvipa) const {
  std::string state;
  for (const Json& event : events(n))
    if (event["event"] == "ownership" && event["dvipa"] == dvipa) state = event["to"];
  return state;
}

std::string Stacks::host_state(unsigned n) {
  const std::string host = fmt::format("MVS{}", n);
  std::string text;
  for (const char* command :
       {"ip -o address show dev lo", "ip -o link show | grep -c tun || true", "nft list ruleset",
        "cd /proc/sys/net/ipv4/conf && head -n 1 */arp_ignore */arp_announce */rp_filter */accept_local",
        "ls /run/dvipa 2>/dev/null || true"}) {
    const auto output = lab_->run(host, {"sh", "-c", command});
    text += output ? *output : output.error().what;
  }
  return text;
}

}  // namespace dvipa::test
