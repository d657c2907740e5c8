import Store

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Keeps a second server away from the same files, for as long as it lives.
///
/// The kernel lets go of it when the process ends, however it ends; the file itself stays.
struct LockFile: ~Copyable {
  private let descriptor: Int32

  init(path: String) throws(StoreError) {
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let reason = unsafe String(cString: strerror(errno))
      throw StoreError(.unavailable, "cannot open the lock file \(path): \(reason)")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      _ = close(descriptor)
      throw StoreError(.locked, "another server is using this data: it holds the lock file \(path)")
    }
  }

  deinit { _ = close(descriptor) }
}
