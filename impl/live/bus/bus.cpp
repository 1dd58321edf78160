#include "impl/live/bus/bus.hpp"

#include <utility>

#include "impl/live/bus/mesh.hpp"

namespace dvipa::bus {

std::string_view to_string(DownReason reason) {
  switch (reason) {
    case DownReason::closed:
      return "closed";
    case DownReason::silent:
      return "silent";
    case DownReason::left:
      return "left";
  }
  return "";
}

tl::expected<Bus, BusFailure> Bus::open(boost::asio::io_context& io, const Cluster& cluster, StackId self,
                                        Incarnation incarnation, const MacAddress& mac, BusEvents& events,
                                        const BusLimits& limits) {
  if (!wire::start_cryptography())
    return tl::unexpected(BusFailure{"start libsodium: no source of random bytes", "give the host /dev/urandom", 0});
  const ClusterMember* const member = cluster.find(self);
  if (member == nullptr)
    return tl::unexpected(BusFailure{"open the bus: this host is no member", "name a member of cluster.toml", 0});
  auto mesh = std::make_shared<Mesh>(io, cluster, *member, incarnation, mac, events, limits);
  if (auto listening = mesh->listen(); !listening) return tl::unexpected(std::move(listening.error()));
  mesh->start();
  return Bus(std::move(mesh));
}

Bus::Bus(std::shared_ptr<Mesh> mesh) : mesh_(std::move(mesh)) {}
Bus::Bus(Bus&&) noexcept = default;
Bus& Bus::operator=(Bus&& other) noexcept {
  if (mesh_ && mesh_ != other.mesh_) mesh_->stop();
  mesh_ = std::move(other.mesh_);
  return *this;
}
Bus::~Bus() {
  if (mesh_) mesh_->stop();
}

bool Bus::send(StackId member, const Message& message) { return mesh_->send(member, message); }
bool Bus::is_up(StackId member) const { return mesh_->is_up(member); }
void Bus::leave(std::function<void()> done) { mesh_->leave(std::move(done)); }
void Bus::notice_pause() { mesh_->notice_pause(); }
const BusCounters& Bus::counters() const { return mesh_->counters(); }

}  // namespace dvipa::bus
