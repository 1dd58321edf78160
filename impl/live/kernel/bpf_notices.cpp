// Notices by BPF: loads the program of socket_state.bpf.c, which is part of this binary, and reads its ring buffer.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "impl/live/kernel/journal.hpp"
#include "impl/live/kernel/notices.hpp"
#include "impl/live/kernel/socket_event.h"

// The compiled program, put between these two by the assembler.
extern "C" {
extern const char dvipa_socket_state_bpf_begin[];
extern const char dvipa_socket_state_bpf_end[];
}
__asm__(
    ".pushsection .rodata\n"
    ".balign 16\n"
    ".global dvipa_socket_state_bpf_begin\n"
    ".global dvipa_socket_state_bpf_end\n"
    "dvipa_socket_state_bpf_begin:\n"
    ".incbin \"" DVIPA_BPF_OBJECT
    "\"\n"
    "dvipa_socket_state_bpf_end:\n"
    ".byte 0\n"
    ".popsection\n");

namespace dvipa::kernel {
namespace {

namespace asio = boost::asio;

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
struct DestroyLink {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
struct FreeRing {
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void assign(int number) { number_ = number; }
  int get() const { return number_; }

 private:
  int number_ = -1;
};

// The first complaint of libbpf since it was cleared: the later ones follow from it.
std::string& complaint() {
  thread_local std::string text;
  return text;
}
int keep_complaint(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN || !complaint().empty()) return 0;
  std::array<char, 512> text{};
  const int length = std::vsnprintf(text.data(), text.size(), format, arguments);
  complaint().assign(text.data(), std::min(static_cast<std::size_t>(std::max(length, 0)), text.size() - 1));
  std::replace(complaint().begin(), complaint().end(), '\n', ' ');
  return 0;
}

Failure bpf_failure(const std::string& action, int error) {
  Failure refused = failure(action, error);
  if (!complaint().empty()) refused.what += "; libbpf: " + complaint();
  if (error == EPERM || error == EACCES)
    refused.remedy = "run with CAP_BPF and CAP_PERFMON in the initial user namespace";
  else if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
    refused.remedy = "use a kernel with CONFIG_DEBUG_INFO_BTF, and mount /sys";
  else
    refused.remedy = "use Linux 5.12 or later with CONFIG_BPF_SYSCALL and CONFIG_BPF_EVENTS";
  return refused;
}

Notice notice_of(const socket_event& event) {
  Notice notice;
  std::copy(std::begin(event.local), std::end(event.local), notice.connection.dvipa.bytes.begin());
  std::copy(std::begin(event.remote), std::end(event.remote), notice.connection.remote.client.bytes.begin());
  notice.connection.remote.dvipa_port = event.local_port;
  notice.connection.remote.client_port = event.remote_port;
  notice.bound_interface = event.bound_interface;
  notice.cookie = event.cookie;
  switch (event.kind) {
    case socket_event_listener_started:
      notice.kind = Notice::Kind::listener_started;
      break;
    case socket_event_listener_ended:
      notice.kind = Notice::Kind::listener_ended;
      break;
    case socket_event_opened_inbound:
    case socket_event_opened_outbound:
      notice.kind = Notice::Kind::opened;
      notice.outbound = event.kind == socket_event_opened_outbound;
      break;
    case socket_event_syn_sent:
      notice.kind = Notice::Kind::half_open;
      notice.outbound = true;
      break;
    default:
      notice.kind = Notice::Kind::closed;
  }
  return notice;
}

class BpfNotices final : public NoticeSource {
 public:
  BpfNotices(asio::io_context& io, Deliver deliver) : deliver_(std::move(deliver)), descriptor_(io) {}

  Result<void> load(std::size_t buffer_bytes);
  SocketWatch::Means means() const override { return SocketWatch::Means::bpf; }
  Result<void> watch(const Address& dvipa) override {
    const std::uint8_t yes = 1;
    if (bpf_map__update_elem(watched_, dvipa.bytes.data(), dvipa.bytes.size(), &yes, sizeof yes, BPF_ANY) != 0)
      return tl::unexpected(failure("watch the sockets of " + dvipa::to_string(dvipa), errno));
    return {};
  }
  void unwatch(const Address& dvipa) override {
    bpf_map__delete_elem(watched_, dvipa.bytes.data(), dvipa.bytes.size(), 0);
  }

 private:
  Result<void> prepare(std::size_t buffer_bytes);
  Result<void> attach();
  Result<void> listen_to_ring();
  void wait();
  void drain();
  std::uint64_t lost_so_far() const;
  static int keep_event(void* notices, void* data, std::size_t size);

  Deliver deliver_;
  std::unique_ptr<bpf_object, CloseObject> object_;
  std::unique_ptr<bpf_link, DestroyLink> link_;
  Descriptor syn_tap_;
  std::vector<Notice> notices_;
  std::unique_ptr<ring_buffer, FreeRing> ring_;
  bpf_map* watched_ = nullptr;
  const bpf_map* variables_ = nullptr;  // of the program: the count of lost events
  std::uint64_t lost_seen_ = 0;
  asio::posix::stream_descriptor descriptor_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

// What the program is told before it is loaded: its namespace and the size of its ring.
Result<void> BpfNotices::prepare(std::size_t buffer_bytes) {
  const auto* begin = static_cast<const char*>(dvipa_socket_state_bpf_begin);
  const auto size = static_cast<std::size_t>(dvipa_socket_state_bpf_end - begin);
  object_.reset(bpf_object__open_mem(begin, size, nullptr));
  if (!object_) return tl::unexpected(bpf_failure("open the BPF program", errno));
  watched_ = bpf_object__find_map_by_name(object_.get(), "watched");
  bpf_map* events = bpf_object__find_map_by_name(object_.get(), "events");
  const std::size_t ring_bytes = std::bit_ceil(std::max(buffer_bytes, static_cast<std::size_t>(getpagesize())));
  if (events == nullptr || watched_ == nullptr ||
      bpf_map__set_max_entries(events, static_cast<std::uint32_t>(ring_bytes)) != 0)
    return tl::unexpected(bpf_failure("prepare the maps of the BPF program", EINVAL));
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_.get()) {
    const std::string name = bpf_map__name(map);
    std::size_t bytes = 0;
    if (name.ends_with(".rodata")) {
      const void* initial = bpf_map__initial_value(map, &bytes);
      const auto inode = static_cast<std::uint32_t>(network_namespace_inode());
      if (initial == nullptr || bytes < sizeof inode)
        return tl::unexpected(bpf_failure("prepare the BPF program", EINVAL));
      std::vector<char> constants(bytes);
      std::memcpy(constants.data(), initial, bytes);
      std::memcpy(constants.data(), &inode, sizeof inode);  // the only one
      if (bpf_map__set_initial_value(map, constants.data(), bytes) != 0)
        return tl::unexpected(bpf_failure("prepare the BPF program", EINVAL));
    }
  }
  return {};
}

// One program follows the state changes; the other is the filter of a packet socket that sees all that is sent.
Result<void> BpfNotices::attach() {
  const bpf_program* changes = bpf_object__find_program_by_name(object_.get(), "socket_state_changes");
  link_.reset(bpf_program__attach(changes));
  if (!link_) return tl::unexpected(bpf_failure("attach the BPF program to socket states", errno));
  syn_tap_.assign(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int filter = bpf_program__fd(bpf_object__find_program_by_name(object_.get(), "syn_is_sent"));
  sockaddr_ll place{};
  place.sll_family = AF_PACKET;
  place.sll_protocol = htons(ETH_P_ALL);
  if (syn_tap_.get() < 0 || setsockopt(syn_tap_.get(), SOL_SOCKET, SO_ATTACH_BPF, &filter, sizeof filter) != 0 ||
      ::bind(syn_tap_.get(), static_cast<sockaddr*>(static_cast<void*>(&place)), sizeof place) != 0)
    return tl::unexpected(bpf_failure("watch outbound SYN segments", errno));
  return {};
}

Result<void> BpfNotices::listen_to_ring() {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_.get()) {
    if (std::string(bpf_map__name(map)).ends_with(".bss")) variables_ = map;
  }
  ring_.reset(
      ring_buffer__new(bpf_object__find_map_fd_by_name(object_.get(), "events"), keep_event, &notices_, nullptr));
  if (!ring_ || variables_ == nullptr)
    return tl::unexpected(bpf_failure("map the ring buffer of the BPF program", errno));
  const int descriptor = dup(ring_buffer__epoll_fd(ring_.get()));
  if (descriptor < 0) return tl::unexpected(failure("watch the ring buffer of the BPF program", errno));
  descriptor_.assign(descriptor);
  wait();
  return {};
}

Result<void> BpfNotices::load(std::size_t buffer_bytes) {
  libbpf_set_print(keep_complaint);
  complaint().clear();
  if (auto prepared = prepare(buffer_bytes); !prepared) return prepared;
  if (const int error = bpf_object__load(object_.get()); error != 0)
    return tl::unexpected(bpf_failure("load the BPF program", -error));
  if (auto attached = attach(); !attached) return attached;
  return listen_to_ring();
}

int BpfNotices::keep_event(void* notices, void* data, std::size_t size) {
  if (size >= sizeof(socket_event))
    static_cast<std::vector<Notice>*>(notices)->push_back(notice_of(*static_cast<const socket_event*>(data)));
  return 0;
}

void BpfNotices::wait() {
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this, alive = std::weak_ptr<void>(alive_)](boost::system::error_code error) {
                           if (error || alive.expired()) return;
                           drain();
                           if (!alive.expired()) wait();
                         });
}

std::uint64_t BpfNotices::lost_so_far() const {
  const std::uint32_t only = 0;
  const std::size_t bytes = bpf_map__value_size(variables_);
  std::vector<std::uint64_t> values((bytes + 7) / 8);
  if (bpf_map__lookup_elem(variables_, &only, sizeof only, values.data(), bytes, 0) != 0) return lost_seen_;
  return values.front();
}

void BpfNotices::drain() {
  ring_buffer__consume(ring_.get());
  const std::uint64_t lost = lost_so_far();
  const std::vector<Notice> notices = std::exchange(notices_, {});
  const bool some_lost = std::exchange(lost_seen_, lost) != lost;
  if (!notices.empty() || some_lost) deliver_(notices, some_lost);
}

}  // namespace

Result<std::unique_ptr<NoticeSource>> open_bpf_notices(asio::io_context& io, const NoticeSource::Deliver& deliver,
                                                       std::size_t buffer_bytes) {
  auto notices = std::make_unique<BpfNotices>(io, deliver);
  if (auto loaded = notices->load(buffer_bytes); !loaded) return tl::unexpected(loaded.error());
  return notices;
}

}  // namespace dvipa::kernel
