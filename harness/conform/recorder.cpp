// The captures' threads live in a process of their own: the judge forks, and does not do so with threads.
#include "harness/conform/recorder.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>

#include "pcap/file/capture.hpp"
#include "pcap/file/capture_reader.hpp"
#include "pcap/packet/frame.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view outline_filter =
    "arp or icmp or tcp port 7400 or (tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0) or (tcp[0:2] & 0x3f = 0) or "
    "(tcp[2:2] & 0x3f = 0) or icmp6 or (ip6[6] = 6 and (ip6[53] & 7 != 0 or ip6[40:2] & 0x3f = 0 or ip6[42:2] & 0x3f = "
    "0))";
constexpr std::uint64_t file_bytes_max = 64U << 20;
constexpr std::uint32_t packet_bytes_max = 128;

struct Job {
  std::string host;
  CaptureOptions options;
};

void say(int report, const std::string& line) { (void)::send(report, line.data(), line.size(), MSG_NOSIGNAL); }

// Says "ready", or "failed" and why; at SIGTERM what is missing; then nothing.
int record(const std::vector<Job>& jobs, int report) {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, nullptr);  // before the threads, which inherit it
  std::vector<std::unique_ptr<Capture>> captures;
  for (const Job& job : jobs) {
    auto capture = Capture::start(job.options);
    if (!capture) {
      say(report, "failed " + capture.error().message);
      return 1;
    }
    captures.push_back(std::move(*capture));
  }
  say(report, "ready");
  int number = 0;
  while (::sigwait(&term, &number) != 0) {
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const CaptureSummary& summary = captures[i]->stop();
    if (summary.error) say(report, fmt::format("{}: {}", jobs[i].host, summary.error->message));
    if (summary.dropped + summary.beyond_limit > 0)
      say(report, fmt::format("{}: the capture lacks {} packets that came too fast and {} beyond its size",
                              jobs[i].host, summary.dropped, summary.beyond_limit));
  }
  return 0;
}

std::string hear(int report) {
  std::array<char, 4096> text{};
  const ssize_t got = ::recv(report, text.data(), text.size(), 0);
  return got > 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : std::string();
}

// Whose address a neighbour advertisement says is its sender's.
std::optional<Address> advertised_address(std::span<const std::uint8_t> frame, const ParsedFrame& parsed) {
  constexpr std::uint8_t neighbour_advertisement = 136;
  const std::size_t at = parsed.transport_offset;
  if (parsed.protocol != protocol_icmpv6 || frame.size() < at + 24 || frame[at] != neighbour_advertisement) return {};
  Address address;
  std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(at) + 8, 16, address.bytes.begin());
  return address;
}

}  // namespace

lab::Result<Recorder> Recorder::start(lab::Lab& lab, const std::string& folder, What what) {
  std::vector<Job> jobs;
  for (const lab::HostPlan& host : lab.hosts()) {
    Job job{host.name, {}};
    job.options.path = folder + "/" + host.name + ".pcapng";
    job.options.sources = {{"e0", what == What::everything ? "" : std::string(outline_filter)}};
    job.options.namespace_path = fmt::format("/proc/{}/ns/net", lab.holder(host.name));
    job.options.file_bytes_max = file_bytes_max;
    job.options.packet_bytes_max = what == What::everything ? 2048 : packet_bytes_max;
    jobs.push_back(std::move(job));
  }
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return lab::failure("socketpair", errno);
  Recorder recorder;
  recorder.report_ = lab::FileDescriptor(ends[0]);
  const lab::FileDescriptor theirs(ends[1]);
  auto process = lab::Process::start([&] {
    ::close(ends[0]);
    return record(jobs, theirs.get());
  });
  if (!process) return tl::unexpected(process.error());
  recorder.process_ = std::move(*process);
  // Its end of the socket stays open here until this function returns; a recorder that dies is seen by its process.
  pollfd heard{recorder.report_.get(), POLLIN, 0};
  const std::string word = ::poll(&heard, 1, 10'000) == 1 ? hear(recorder.report_.get()) : "";
  if (word != "ready")
    return tl::unexpected(lab::Failure{word.starts_with("failed ") ? word.substr(7) : "the recorder died at its start",
                                       "make room for the captures, or name another folder with --report"});
  return recorder;
}

std::vector<std::string> Recorder::stop() {
  std::vector<std::string> lines;
  if (!process_.signal(SIGTERM)) return {"the recorder died: the captures are incomplete"};
  for (std::string line = hear(report_.get()); !line.empty(); line = hear(report_.get())) lines.push_back(line);
  if (const auto status = process_.wait(10s); !status || !status->passed())
    lines.emplace_back("the recorder failed at its end");
  return lines;
}

lab::Result<Sightings> read_sightings(const std::string& client_capture, const std::vector<lab::HostPlan>& hosts) {
  std::map<std::string, std::string> host_of;  // MAC address -> host
  for (const lab::HostPlan& host : hosts) host_of[lab::mac_address(host)] = host.name;
  auto reader = CaptureReader::open(client_capture);
  if (!reader) return tl::unexpected(lab::Failure{reader.error().message, "see the recorder's notes"});
  Sightings sightings;
  for (;;) {
    const auto packet = reader->next();
    if (!packet) return tl::unexpected(lab::Failure{packet.error().message, "see the recorder's notes"});
    if (!*packet) return sightings;
    const auto parsed = parse_frame((*packet)->bytes);
    if (!parsed) continue;
    const auto host = host_of.find(to_string(parsed->source_mac));
    if (host == host_of.end()) continue;
    const auto time_ns = static_cast<std::int64_t>((*packet)->timestamp_ns);
    if (parsed->network == NetworkProtocol::arp) sightings.announced.push_back({time_ns, parsed->source, host->second});
    if (const auto address = advertised_address((*packet)->bytes, *parsed))
      sightings.announced.push_back({time_ns, *address, host->second});
    constexpr std::uint8_t syn_ack = tcp_syn | tcp_ack;
    if (parsed->protocol == protocol_tcp && (parsed->tcp_flags & (syn_ack | tcp_rst)) == syn_ack)
      sightings.opened[{parsed->destination, parsed->destination_port}].push_back({time_ns, host->second});
  }
}

}  // namespace dvipa::conform
