// The recording thread: it waits for any of its sources or for the end, and empties them in turn.
#include "pcap/file/capture.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <future>
#include <system_error>
#include <thread>

#include "pcap/file/pcapng_writer.hpp"
#include "pcap/packet/mac_address.hpp"

namespace dvipa {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int ring_bytes = 8 * 1024 * 1024;
constexpr int packets_a_turn = 256;
constexpr int block_ms_max = 10;
constexpr std::chrono::milliseconds last_block_ms_max{5 * block_ms_max};
constexpr std::chrono::milliseconds drain_ms_max{200};

struct ClosePcap {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};
using PcapHandle = std::unique_ptr<pcap_t, ClosePcap>;

FileError capture_error(const std::string& interface, std::string_view what) {
  return {FileError::Kind::capture, fmt::format("capturing on {}: {}", interface, what)};
}

std::string status_words(int status, pcap_t* handle) {
  if (status == PCAP_ERROR_PERM_DENIED) return "not permitted (needs the capability CAP_NET_RAW: run as root)";
  if (status == PCAP_ERROR_NO_SUCH_DEVICE) return "there is no such interface in this network namespace";
  const std::string words = pcap_geterr(handle);
  return words.empty() ? pcap_statustostr(status) : words;
}

tl::expected<PcapHandle, FileError> open_source(const CaptureSource& source, std::uint32_t packet_bytes_max) {
  char words[PCAP_ERRBUF_SIZE] = "";
  PcapHandle handle(pcap_create(source.interface.c_str(), words));
  if (!handle) return tl::unexpected(capture_error(source.interface, words));
  pcap_set_snaplen(handle.get(), static_cast<int>(packet_bytes_max));
  pcap_set_timeout(handle.get(), block_ms_max);
  pcap_set_buffer_size(handle.get(), ring_bytes);
  pcap_set_tstamp_precision(handle.get(), PCAP_TSTAMP_PRECISION_NANO);
  const int status = pcap_activate(handle.get());
  if (status < 0) return tl::unexpected(capture_error(source.interface, status_words(status, handle.get())));
  if (pcap_datalink(handle.get()) != DLT_EN10MB) return tl::unexpected(capture_error(source.interface, "not Ethernet"));
  bpf_program program{};
  if (pcap_compile(handle.get(), &program, source.filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return tl::unexpected(
        capture_error(source.interface, fmt::format("filter \"{}\": {}", source.filter, pcap_geterr(handle.get()))));
  }
  const bool ready = pcap_setfilter(handle.get(), &program) == 0 && pcap_setnonblock(handle.get(), 1, words) == 0;
  pcap_freecode(&program);
  if (!ready) return tl::unexpected(capture_error(source.interface, pcap_geterr(handle.get())));
  return handle;
}

}  // namespace

class Capture::Recorder {
 public:
  explicit Recorder(CaptureOptions options) : options_(std::move(options)) {}
  ~Recorder() { stop(); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  tl::expected<void, FileError> start();
  const CaptureSummary& stop();

 private:
  struct Source {
    PcapHandle handle;
    std::uint32_t interface = 0;
    std::uint64_t seen = 0;
    // When it failed for the first time. The kernel still gives out the block that it was filling at that moment: the
    // last packets before an interface went away, which are often the ones that are looked for.
    std::optional<Clock::time_point> failed_at{};
    bool has_ended() const { return failed_at && Clock::now() - *failed_at > last_block_ms_max; }
    Recorder* recorder = nullptr;
  };
  tl::expected<void, FileError> open();
  tl::expected<void, FileError> enter_namespace() const;
  void run();
  void drain(std::span<pollfd> waited);
  bool record_present();
  static void take(u_char* source, const pcap_pkthdr* header, const u_char* bytes);
  void record(const Source& source, const pcap_pkthdr& header, std::span<const std::uint8_t> bytes);
  void finish();
  void note(const FileError& error) {
    if (!summary_.error) summary_.error = error;
  }

  CaptureOptions options_;
  Descriptor stop_event_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::optional<PcapngWriter> writer_;
  std::uint64_t newest_ns_ = 0;
  bool full_ = false;  // nothing more is written
  CaptureSummary summary_;
  std::thread thread_;
};

tl::expected<void, FileError> Capture::Recorder::enter_namespace() const {
  if (options_.namespace_path.empty()) return {};
  const Descriptor there(::open(options_.namespace_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (there && ::setns(there.get(), CLONE_NEWNET) == 0) return {};
  return tl::unexpected(
      FileError{FileError::Kind::capture, fmt::format("entering the network namespace {}: {}", options_.namespace_path,
                                                      std::generic_category().message(errno))});
}

tl::expected<void, FileError> Capture::Recorder::open() {
  if (auto entered = enter_namespace(); !entered) return entered;
  auto writer = PcapngWriter::create(options_.path, "dvipa");
  if (!writer) return tl::unexpected(writer.error());
  writer_.emplace(std::move(*writer));
  for (const CaptureSource& each : options_.sources) {
    auto handle = open_source(each, options_.packet_bytes_max);
    if (!handle) return tl::unexpected(handle.error());
    const auto interface = writer_->add_interface(each.interface, each.filter);
    if (!interface) return tl::unexpected(interface.error());
    sources_.push_back(
        std::make_unique<Source>(Source{.handle = std::move(*handle), .interface = *interface, .recorder = this}));
  }
  return writer_->flush();  // so that a device without any room is noticed at the start
}

tl::expected<void, FileError> Capture::Recorder::start() {
  stop_event_ = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  std::promise<tl::expected<void, FileError>> opened;
  auto outcome = opened.get_future();
  // The namespace is entered by the thread alone.
  thread_ = std::thread([this, &opened] {
    const auto ready = open();
    opened.set_value(ready);
    if (ready) run();
  });
  return outcome.get();
}

const CaptureSummary& Capture::Recorder::stop() {
  if (thread_.joinable()) {
    ::eventfd_write(stop_event_.get(), 1);
    thread_.join();
  }
  return summary_;
}

void Capture::Recorder::run() {
  std::vector<pollfd> waited;
  for (const auto& source : sources_) waited.push_back({pcap_get_selectable_fd(source->handle.get()), POLLIN, 0});
  waited.push_back({stop_event_.get(), POLLIN, 0});
  bool failing = false;
  while (waited.back().revents == 0) {
    ::poll(waited.data(), waited.size(), failing ? block_ms_max : -1);
    record_present();
    failing = false;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (!sources_[i]->failed_at) continue;
      waited[i].fd = -1;  // it may be readable for ever
      failing = failing || !sources_[i]->has_ended();
    }
  }
  drain(waited);
  finish();
}

// The kernel gives packets out by blocks, at the latest after block_ms_max: what has come is there after that time, and
// what comes later was not asked for.
void Capture::Recorder::drain(std::span<pollfd> waited) {
  const auto end = Clock::now() + drain_ms_max;
  waited.back().fd = -1;
  while (Clock::now() < end) {
    const bool any = ::poll(waited.data(), waited.size(), 3 * block_ms_max) > 0;
    const bool all_said =
        std::ranges::all_of(sources_, [](const auto& source) { return !source->failed_at || source->has_ended(); });
    if (!record_present() && !any && all_said) break;
  }
}

// True when there was something.
bool Capture::Recorder::record_present() {
  bool any = false;
  for (const auto& source : sources_) {
    if (source->has_ended()) continue;
    const int seen =
        pcap_dispatch(source->handle.get(), packets_a_turn, &Recorder::take, reinterpret_cast<u_char*>(source.get()));
    if (seen < 0 && !source->failed_at) {
      source->failed_at = Clock::now();
      note(capture_error(options_.sources[source->interface].interface, pcap_geterr(source->handle.get())));
    }
    any = any || seen > 0;
  }
  return any;
}

void Capture::Recorder::take(u_char* source, const pcap_pkthdr* header, const u_char* bytes) {
  auto& from = *reinterpret_cast<Source*>(source);
  ++from.seen;
  from.recorder->record(from, *header, {bytes, header->caplen});
}

void Capture::Recorder::record(const Source& source, const pcap_pkthdr& header, std::span<const std::uint8_t> bytes) {
  full_ = full_ || writer_->size_bytes() + bytes.size() > options_.file_bytes_max;
  if (full_) return;
  // With nanosecond precision libpcap counts nanoseconds in tv_usec.
  newest_ns_ =
      static_cast<std::uint64_t>(header.ts.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(header.ts.tv_usec);
  const std::string comment = options_.comment ? options_.comment(bytes) : std::string();
  const auto written = writer_->write({.interface = source.interface,
                                       .timestamp_ns = newest_ns_,
                                       .bytes = bytes,
                                       .original_length = header.len,
                                       .direction = PacketDirection::unknown,
                                       .comment = comment});
  if (!written) note(written.error());
  full_ = !written;
}

void Capture::Recorder::finish() {
  for (const auto& source : sources_) {
    pcap_stat counters{};
    if (pcap_stats(source->handle.get(), &counters) != 0) continue;
    summary_.dropped += counters.ps_drop;
    static_cast<void>(
        writer_->write_statistics(source->interface, newest_ns_, source->seen + counters.ps_drop, counters.ps_drop));
  }
  if (const auto closed = writer_->close(); !closed) note(closed.error());
  summary_.recorded = writer_->packets();
  for (const auto& source : sources_) summary_.beyond_limit += source->seen;
  summary_.beyond_limit -= summary_.recorded;
}

Capture::Capture(std::unique_ptr<Recorder> recorder) : recorder_(std::move(recorder)) {}
Capture::~Capture() = default;

tl::expected<std::unique_ptr<Capture>, FileError> Capture::start(CaptureOptions options) {
  auto recorder = std::make_unique<Recorder>(std::move(options));
  if (auto started = recorder->start(); !started) return tl::unexpected(started.error());
  return std::unique_ptr<Capture>(new Capture(std::move(recorder)));
}

const CaptureSummary& Capture::stop() { return recorder_->stop(); }

}  // namespace dvipa
