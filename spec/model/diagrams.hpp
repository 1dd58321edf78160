#pragma once
// Sequence diagrams (Mermaid) for docs/protocol.md, out of the model: how it goes well, and what a dropped decision
// leads to.
#include <string>
#include <string_view>

namespace dvipa::model {

// "failover" or "takeback": a shortest way from the start to where a connection that was opened under the first owner
// goes on under the next. "without ID": a shortest way to harm when that decision is dropped, and which property it
// breaks. Empty: there is no such diagram.
std::string diagram(std::string_view name);

}  // namespace dvipa::model
