#pragma once
// What can go wrong with a capture file.
#include <cstdint>
#include <string>

namespace dvipa {

struct FileError {
  enum class Kind : std::uint8_t {
    disk_full,  // no room on the device, or above a quota or limit of the process
    system,     // anything else that the operating system said of the file
    format,     // what is read is no capture, or a broken one
    capture,    // the interface, its filter or a capability
  };
  Kind kind = Kind::system;
  std::string message;  // with the path or interface, one line
};

}  // namespace dvipa
