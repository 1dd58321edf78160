// The parts of reports that need no model.
#include "spec/checker/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace dvipa::checker {
namespace {

// Mermaid ends a message at a line break or semicolon, and takes # for an entity.
std::string mermaid_text(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += c == '\n' || c == ';' ? ',' : c == '#' ? 'n' : c;
  return safe;
}

std::string arrow_line(const Arrow& arrow) {
  const std::string label = ": " + mermaid_text(arrow.label) + "\n";
  if (arrow.to.empty() || arrow.to == arrow.from) return "Note over " + mermaid_text(arrow.from) + label;
  return mermaid_text(arrow.from) + "->>" + mermaid_text(arrow.to) + label;
}

}  // namespace

std::string json_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
      quoted += escape.data();
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string mermaid_of(const std::vector<Arrow>& arrows, std::optional<std::size_t> loop_from) {
  std::vector<std::string> participants;
  for (const Arrow& arrow : arrows)
    for (const std::string& name : {arrow.from, arrow.to})
      if (!name.empty() && std::find(participants.begin(), participants.end(), name) == participants.end())
        participants.push_back(name);
  std::string text = "sequenceDiagram\n";
  for (const std::string& name : participants) text += "  participant " + mermaid_text(name) + "\n";
  for (std::size_t i = 0; i < arrows.size(); ++i) {
    if (loop_from == i) text += "  loop for ever\n";
    text += "  " + arrow_line(arrows[i]);
  }
  if (loop_from && *loop_from < arrows.size()) text += "  end\n";
  return text;
}

}  // namespace dvipa::checker
