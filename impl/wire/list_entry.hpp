#pragma once
// One DVIPA of a VIPA list, as elements inside an element.
#include "impl/wire/bytes.hpp"

namespace dvipa::wire {

void write_entry(Writer& writer, const ListEntry& entry);
ListEntry read_entry(Reader& reader);

}  // namespace dvipa::wire
