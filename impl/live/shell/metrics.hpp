#pragma once
// Counters and states of a running stack as Prometheus text (version 0.0.4). docs/control.md lists the names.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "impl/live/bus/bus.hpp"
#include "impl/live/shell/displays.hpp"
#include "impl/live/shell/packet_path.hpp"

namespace dvipa {

// Builds the text, family by family.
class MetricText {
 public:
  struct Label {
    std::string_view name;
    std::string value;
  };
  // Begins a family of samples; `type` is "counter" or "gauge".
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(const std::vector<Label>& labels, std::uint64_t value);
  const std::string& text() const { return text_; }

 private:
  std::string name_;
  std::string text_;
};

struct MetricSources {
  const StackView& view;
  const std::string& stack;
  bool in_group = false;
  const PacketCounters& packets;
  const PortStats& port;
  const TunStats& tun;
  const bus::BusCounters& bus;
  const std::map<std::string, std::uint64_t>& ownership_changes;  // by the state that was reached
  std::uint64_t log_lines_lost = 0;
};

std::string metrics_text(const MetricSources& sources);

}  // namespace dvipa
