#include "impl/live/bus/link.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "impl/wire/codec.hpp"

namespace dvipa::bus {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

Address address_of(const asio::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error || !endpoint.address().is_v4()) return {};
  return Address::v4(endpoint.address().to_v4().to_uint());
}

}  // namespace

Link::Link(asio::ip::tcp::socket socket, wire::Handshake handshake, LinkEvents& events, BusCounters& counters)
    : socket_(std::move(socket)),
      handshake_(std::move(handshake)),
      events_(events),
      counters_(counters),
      remote_address_(address_of(socket_)) {}

void Link::start() {
  error_code error;
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  socket_.non_blocking(true, error);
  handshake_out_ = handshake_.opening();
  flush_handshake();
  await_bytes();
}

void Link::end() {
  ended_ = true;
  error_code error;
  socket_.close(error);
}

void Link::end_and_tell() {
  if (ended_) return;
  end();
  events_.on_ended(*this);
}

void Link::await_bytes() {
  if (ended_) return;
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](error_code) {
    if (self->ended_) return;
    self->read_now();
    self->await_bytes();
  });
}

void Link::read_now() {
  const std::span<std::uint8_t> room = inbox_.room();
  error_code error;
  const std::size_t count = socket_.read_some(asio::buffer(room.data(), room.size()), error);
  if (error == asio::error::would_block || error == asio::error::interrupted) return;
  if (error) return end_and_tell();
  heard_ = true;
  counters_.bytes_received += count;
  inbox_.filled(count);
  take_received();
}

void Link::take_received() {
  if (finishing_) return inbox_.consumed(inbox_.waiting().size());
  if (!session_ && !take_handshake()) return;
  take_frames();
}

// True when the handshake is complete.
bool Link::take_handshake() {
  const auto used = handshake_.receive(inbox_.waiting(), handshake_out_);
  if (!used) {
    refuse(used.error());
    return false;
  }
  inbox_.consumed(*used);
  flush_handshake();
  if (ended_ || !handshake_.session()) return false;
  session_ = handshake_.session();
  opener_.emplace(session_->receive_key);
  outbox_.emplace(session_->send_key);
  events_.on_proven(*this);
  return !ended_;
}

void Link::refuse(wire::Refusal refusal) {
  switch (refusal) {
    case wire::Refusal::malformed:
      ++counters_.handshakes_malformed;
      break;
    case wire::Refusal::unknown_peer:
      ++counters_.handshakes_unexpected;
      break;
    case wire::Refusal::member_list:
      ++counters_.handshakes_of_other_group;
      break;
    case wire::Refusal::wrong_key:
      ++counters_.handshakes_wrong_key;
      break;
  }
  end_and_tell();
}

void Link::take_frames() {
  while (!ended_ && !finishing_) {
    const std::span<std::uint8_t> waiting = inbox_.waiting();
    const std::optional<std::uint64_t> length = wire::Opener::frame_length(waiting);
    if (!length) return;
    const bool too_long = *length > wire::message_bytes_max + wire::frame_overhead_bytes;
    if (!too_long && *length > waiting.size()) return;
    const auto plaintext = too_long ? std::nullopt : opener_->open(waiting.first(static_cast<std::size_t>(*length)));
    if (!plaintext) {
      ++counters_.frames_refused;
      return end_and_tell();
    }
    inbox_.consumed(static_cast<std::size_t>(*length));
    if (!std::exchange(welcome_, true)) events_.on_welcome(*this);
    if (!ended_) events_.on_frame(*this, *plaintext);
  }
}

// A hello and a proof together are shorter than any socket buffer: what does not go at once never will.
void Link::flush_handshake() {
  if (handshake_out_.empty()) return;
  error_code error;
  const std::size_t count = socket_.write_some(asio::buffer(handshake_out_), error);
  counters_.bytes_sent += count;
  if (error || count != handshake_out_.size()) return end_and_tell();
  handshake_out_.clear();
}

bool Link::add_message(const Message& message, std::size_t part) {
  const bool added = outbox_->add_frame(wire::message_bytes_max,
                                        [&](std::vector<std::uint8_t>& out) { wire::encode_part(message, part, out); });
  flush_soon();
  return added;
}

void Link::add_heartbeat() {
  outbox_->add_frame(0, [](std::vector<std::uint8_t>&) {});
  flush_soon();
}

std::optional<BootClock::time_point> Link::undrained_since() const {
  if (!outbox_ || outbox_->empty()) return std::nullopt;
  return drained_at_;
}

void Link::finish() {
  finishing_ = true;
  flush_soon();
}

void Link::flush_soon() {
  if (std::exchange(flush_is_due_, true)) return;
  if (!awaits_writable_) drained_at_ = BootClock::now();
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->flush_is_due_ = false;
    if (!self->ended_ && !self->awaits_writable_) self->flush();
  });
}

// A failed write ends nothing: what the other side sent before it closed is still to be read, and reading finds the
// end.
void Link::flush() {
  while (!outbox_->empty() && !write_failed_) {
    error_code error;
    const std::size_t count = socket_.write_some(outbox_->to_write(), error);
    if (error == asio::error::would_block) {
      awaits_writable_ = true;
      return socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](error_code) {
        self->awaits_writable_ = false;
        if (!self->ended_) self->flush();
      });
    }
    write_failed_ = bool(error);
    counters_.bytes_sent += count;
    outbox_->written(count);
    drained_at_ = BootClock::now();
  }
  error_code error;
  if (finishing_) socket_.shutdown(asio::socket_base::shutdown_send, error);
}

}  // namespace dvipa::bus
