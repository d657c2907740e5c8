import Foundation
import Synchronization

/// Directories that are needed for a while; none is left behind when the program ends.
enum Scratch {
  private static let directories = Mutex<Set<String>>([])

  /// One that is not there yet, on the disk that the measurements use.
  static func directory(_ options: Options) -> String {
    let path = "\(options.directory)/tompion-bench-\(UUID().uuidString)"
    _ = directories.withLock { $0.insert(path) }
    return path
  }

  static func remove(_ path: String) {
    guard directories.withLock({ $0.remove(path) }) != nil else { return }
    try? FileManager.default.removeItem(atPath: path)  // Nothing in it is of any use now.
  }

  static func removeAll() {
    for path in directories.withLock(\.self) { remove(path) }
  }
}
