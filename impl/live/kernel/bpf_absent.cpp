// Stands in for bpf_notices.cpp where the build found no compiler or library for BPF.
#include "impl/live/kernel/notices.hpp"

namespace dvipa::kernel {

Result<std::unique_ptr<NoticeSource>> open_bpf_notices(boost::asio::io_context&, const NoticeSource::Deliver&,
                                                       std::size_t) {
  return tl::unexpected(
      Failure{"this binary was built without BPF", "install clang and libbpf-dev and build again", 0});
}

}  // namespace dvipa::kernel
