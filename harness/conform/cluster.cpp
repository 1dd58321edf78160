// Everything that a run leaves on disk is in its folder: the cluster's files, the logs, the captures.
#include "harness/conform/cluster.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/conform/load/clock.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

bool write_text(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file.good();
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string fresh_key() {
  std::array<unsigned char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return "";
  return fmt::format("{:02x}\n", fmt::join(bytes, ""));
}

}  // namespace

lab::Result<std::unique_ptr<Cluster>> Cluster::build(const Implementation& implementation, const std::string& folder,
                                                     const ClusterPlan& plan) {
  auto lab = lab::Lab::build(lab::standard_plan(plan.stacks, plan.clients));
  if (!lab) return tl::unexpected(lab.error());
  std::unique_ptr<Cluster> cluster(new Cluster(implementation, std::move(*lab), folder));
  if (auto written = cluster->write_files(plan.files); !written) return tl::unexpected(written.error());
  return cluster;
}

lab::Result<std::unique_ptr<Cluster>> Cluster::start(const Implementation& implementation, const std::string& folder,
                                                     Family family) {
  ClusterPlan plan;
  for (const ExampleFile& file : example_files())
    plan.files.push_back({std::string(file.name), in_family(file.text, family)});
  auto built = build(implementation, folder, plan);
  if (!built) return built;
  Cluster& cluster = **built;
  cluster.dvipas_ = example_dvipas(family);
  load::ServerOptions options;
  options.port = cluster.dvipas_.front().port;
  if (family != Family::v4) options.address = Address{};  // every address of either family
  for (const lab::HostPlan& host : cluster.lab_.hosts()) {
    if (host.is_client) continue;
    auto server = Server::start(cluster.lab_, host.name, options);
    if (!server) return tl::unexpected(server.error());
    cluster.servers_.emplace(host.name, std::move(*server));
    if (auto started = cluster.start_stack(host.name); !started) return tl::unexpected(started.error());
  }
  return built;
}

lab::Result<void> Cluster::write(const ClusterFile& file) const {
  if (write_text(folder_ + "/" + file.name, file.text)) return {};
  return lab::failure("write into " + folder_, ENOSPC);
}

lab::Result<void> Cluster::write_files(const std::vector<ClusterFile>& files) const {
  const std::string cannot = "write into " + folder_;
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return lab::failure(cannot, error.value());
  for (const ClusterFile& file : files)
    if (auto written = write(file); !written) return written;
  const std::string key = folder_ + "/cluster.key";
  const std::string text = fresh_key();
  if (text.empty() || !write_text(key, text)) return lab::failure(cannot, ENOSPC);
  std::filesystem::permissions(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
  return {};
}

lab::Result<void> Cluster::start_stack(const std::string& host) {
  Stack& stack = stacks_[host];
  (void)stack.process.wait(10s);  // on a busy host a killed process takes its time to be gone
  stack.files = {host,
                 "e0",
                 folder_ + "/cluster.toml",
                 folder_ + "/" + lower(host) + ".profile",
                 folder_ + "/" + host + ".log",
                 folder_ + "/" + host + ".output"};
  if (!stack.log) stack.log = std::make_unique<StackLog>(stack.files.log);
  auto process = implementation_.start(lab_, stack.files);
  if (!process) return tl::unexpected(process.error());
  stack.process = std::move(*process);
  stack.counts = true;
  forget(stack);
  return {};
}

Death Cluster::kill_stack(const std::string& host) {
  count_out(host);
  const Death death{host, load::monotonic_ns()};
  stacks_.at(host).process.signal(SIGKILL);
  return death;
}

Death Cluster::begin_stop(const std::string& host) {
  count_out(host);
  const Death death{host, load::monotonic_ns()};
  stacks_.at(host).process.signal(SIGTERM);
  return death;
}

Death Cluster::pull_cable(const std::string& host) {
  count_out(host);
  const Death death{host, load::monotonic_ns(), {}, true};
  // The host is one of this lab's: this cannot fail.
  (void)lab_.set_link(host, false);
  return death;
}

constexpr unsigned bus_port = 7400;  // of the example

// By the host's own packet filter, beside whatever the stack has there.
lab::Result<void> Cluster::cut_bus(const std::string& host) {
  count_out(host);
  const std::string members = "10.77.0.1-10.77.0.99";
  const auto cut = lab_.run(
      host,
      {"sh", "-c",
       fmt::format("nft 'add table ip buscut; add chain ip buscut in {{ type filter hook input priority -200; }}; "
                   "add chain ip buscut out {{ type filter hook output priority -200; }}; "
                   "add rule ip buscut in ip saddr {0} tcp sport {1} drop; add rule ip buscut in ip saddr {0} "
                   "tcp dport {1} drop; add rule ip buscut out ip daddr {0} tcp sport {1} drop; "
                   "add rule ip buscut out ip daddr {0} tcp dport {1} drop'",
                   members, bus_port)});
  if (!cut) return tl::unexpected(cut.error());
  return {};
}

lab::Result<void> Cluster::mend_bus(const std::string& host) {
  const auto mended = lab_.run(host, {"nft", "delete", "table", "ip", "buscut"});
  if (!mended) return tl::unexpected(mended.error());
  count_in(host);
  return {};
}

Death Cluster::pause_stack(const std::string& host) {
  count_out(host);
  const Death death{host, load::monotonic_ns()};
  stacks_.at(host).process.signal(SIGSTOP);
  return death;
}

void Cluster::continue_stack(const std::string& host) {
  stacks_.at(host).process.signal(SIGCONT);
  stacks_.at(host).counts = true;
}

void Cluster::plug_cable(const std::string& host) {
  (void)lab_.set_link(host, true);
  stacks_.at(host).counts = true;
}

lab::Result<void> Cluster::part(const std::set<std::string>& beyond) {
  for (auto& [host, stack] : stacks_) stack.counts = !beyond.contains(host);
  return lab_.part(beyond);
}

std::string Cluster::state(const std::string& host, const ExampleDvipa& dvipa) {
  events();
  const auto& ownership = stacks_.at(host).ownership;
  const auto found = ownership.find(to_string(dvipa.address));
  return found == ownership.end() ? "" : found->second;
}

const std::vector<LogEvent>& Cluster::events() {
  const auto known = events_.size();
  for (auto& [host, stack] : stacks_)
    for (LogEvent& event : stack.log->read_new()) events_.push_back(std::move(event));
  const auto fresh = events_.begin() + static_cast<std::ptrdiff_t>(known);
  std::for_each(fresh, events_.end(), [this](const LogEvent& event) { learn(event); });
  std::ranges::stable_sort(events_, {}, &LogEvent::time_ns);
  return events_;
}

void Cluster::forget(Stack& stack) {
  stack.ready = false;
  stack.members.clear();
  stack.ownership.clear();
  stack.listening.clear();
}

void Cluster::learn(const LogEvent& event) {
  const auto found = stacks_.find(event.stack);
  if (found == stacks_.end()) return;
  Stack& stack = found->second;
  if (event.event == "start") forget(stack);
  if (event.event == "ready") stack.ready = true;
  if (event.event == "member_up") stack.members.insert(event.text("member"));
  if (event.event == "member_down") stack.members.erase(event.text("member"));
  if (event.event == "ownership") stack.ownership[event.text("dvipa")] = event.text("to");
  if (event.event != "listener") return;
  auto& targets = stack.listening[event.text("dvipa")];
  if (event.fields.value("listening", false)) {
    targets.insert(event.text("target"));
  } else {
    targets.erase(event.text("target"));
  }
}

std::string Cluster::owner(const ExampleDvipa& dvipa) {
  events();
  std::string owner;
  for (const auto& [host, stack] : stacks_) {
    const auto state = stack.ownership.find(to_string(dvipa.address));
    if (!stack.counts || state == stack.ownership.end() || state->second != "active") continue;
    if (!owner.empty()) return "";
    owner = host;
  }
  return owner;
}

std::string Cluster::missing_of(const ExampleDvipa& dvipa) {
  const std::string holder = owner(dvipa);
  if (holder.empty()) return dvipa.label + " has no owner, or several";
  for (const auto& [host, stack] : stacks_) {
    const auto state = stack.ownership.find(to_string(dvipa.address));
    if (!stack.counts || host == holder || state == stack.ownership.end()) continue;
    if (state->second != "bystander" && state->second != "backup")
      return fmt::format("{} is still {} for {}", host, state->second, dvipa.label);
  }
  const auto& known = stacks_.at(holder).listening[to_string(dvipa.address)];
  const auto candidates = dvipa.candidates.find(holder);
  if (candidates == dvipa.candidates.end()) return fmt::format("{} owns {} without a part in it", holder, dvipa.label);
  for (const std::string& target : candidates->second)
    if (stacks_.at(target).counts && !known.contains(target))
      return fmt::format("{} knows no listener of {} on {}", holder, dvipa.label, target);
  return "";
}

std::string Cluster::missing_by_log() {
  events();
  for (const auto& [host, stack] : stacks_) {
    if (!stack.counts) continue;
    if (!stack.ready) return host + " is not ready";
    for (const auto& [other, its] : stacks_)
      if (its.counts && other != host && !stack.members.contains(other)) return host + " does not know " + other;
  }
  for (const ExampleDvipa& dvipa : dvipas_)
    if (std::string missing = missing_of(dvipa); !missing.empty()) return missing;
  return "";
}

// Enough connections that every target gets some by any of the methods.
std::string Cluster::missing_from_outside() {
  load::ClientOptions options;
  for (const ExampleDvipa& dvipa : dvipas_) options.targets.push_back({dvipa.address, dvipa.port});
  options.steady_per_target = 20;
  options.probes_per_target = 0;
  options.open_limit_ms = 1000;
  options.finish_limit_ms = 500;
  auto load = Load::start(lab_, "client", options);
  if (!load) return load.error().what;
  while (load->running() && load->progress(100ms).phase == "opening") {
  }
  const auto account = load->finish();
  if (!account) return "the load died";
  for (std::size_t i = 0; i < dvipas_.size(); ++i) {
    std::set<std::string> reached;
    for (const load::ConnectionAccount& each : account->connections) {
      if (each.target != i) continue;
      if (each.outcome != load::Outcome::kept)
        return fmt::format("a connection to {} was {}", dvipas_[i].label, load::name_of(each.outcome));
      reached.insert(each.server);
    }
    const auto serves = [&](const auto& candidates) {
      return std::ranges::all_of(candidates.second, [&](const std::string& target) {
        return reached.contains(target) || !stacks_.at(target).counts;
      });
    };
    if (std::ranges::none_of(dvipas_[i].candidates, serves))
      return fmt::format("{} reaches only {}", dvipas_[i].label, fmt::join(reached, ", "));
  }
  return "";
}

lab::Result<std::optional<std::string>> Cluster::operate(const std::string& host,
                                                         const std::vector<std::string>& words) {
  const std::vector<std::string> command = implementation_.operate(words);
  if (command.empty()) return std::nullopt;
  auto answer = lab_.run(host, command);
  if (!answer) return tl::unexpected(answer.error());
  return std::optional(std::move(*answer));
}

std::optional<std::string> Cluster::await_settled(std::chrono::milliseconds limit) {
  const auto until = Clock::now() + limit;
  for (;;) {
    const std::string missing = implementation_.tells_events() ? missing_by_log() : missing_from_outside();
    if (missing.empty()) return std::nullopt;
    if (auto ended = unexpected_end()) return ended;
    if (Clock::now() > until) return missing;
    ::poll(nullptr, 0, 10);
  }
}

std::optional<std::string> Cluster::unexpected_end() {
  for (auto& [host, stack] : stacks_)
    if (stack.counts && !stack.process.running())
      return fmt::format("the stack of {} has ended ({}): {}", host, lab::to_string(*stack.process.wait(0ms)),
                         last_words(host));
  return std::nullopt;
}

std::optional<lab::Failure> Cluster::lacking() {
  constexpr int environment_lacking = 3;
  for (auto& [host, stack] : stacks_) {
    const auto status = stack.process.wait(0ms);
    if (implementation_.tells_events() && status && status->signal == 0 && status->code == environment_lacking)
      return lab::Failure{last_words(host), "mend what the stack lacks"};
  }
  return std::nullopt;
}

std::string Cluster::last_words(const std::string& host) const {
  std::ifstream file(stacks_.at(host).files.output);
  std::stringstream text;
  text << file.rdbuf();
  std::string words = text.str();
  constexpr std::size_t words_max = 600;
  if (words.size() > words_max) words.erase(0, words.size() - words_max);
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return words.empty() ? "it printed nothing" : words;
}

}  // namespace dvipa::conform
