#pragma once
// Hosts as nameless network namespaces: they live as long as a descriptor of this process, so that nothing can be left
// behind, however the process ends.
#include <string>

#include "pcap/port/descriptor.hpp"

namespace dvipa::test {

class Namespace {
 public:
  // A new one with its loopback up and without IPv6 on interfaces to come, whose chatter tests would see.
  Namespace();

  // The calling thread is in the namespace as long as this lives.
  class Stay {
   public:
    explicit Stay(const Namespace& there);
    Stay(const Stay&) = delete;
    Stay& operator=(const Stay&) = delete;
    ~Stay();

   private:
    Descriptor back_;
  };

  // Runs a command of a shell inside; a failure is a failure of the test, with the command.
  void run(const std::string& command) const;
  // A path by which `ip` of any namespace finds this one.
  std::string path() const;
  int fd() const { return fd_.get(); }

 private:
  Descriptor fd_;
};

// A pair of Ethernet interfaces, one in each.
void join_by_veth(const Namespace& a, const std::string& name_a, const Namespace& b, const std::string& name_b);

}  // namespace dvipa::test
