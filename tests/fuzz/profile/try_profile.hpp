#pragma once
// What must hold whatever bytes a profile has; shared by the mutation test and libFuzzer.
#include <string_view>

namespace dvipa::profile {

// Reads `text` as a profile. A profile that is understood must survive being written and read again; an error must
// name a place within the text and be short. Otherwise the process aborts with a message. covers: CFG-8
void try_profile(std::string_view text);

}  // namespace dvipa::profile
