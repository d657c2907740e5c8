import Foundation
import Tompion

/// A file to which each line is appended whole and synced, so that it survives any kill.
struct Ledger: Sendable {
  private let file: FileHandle

  init(path: String) throws {
    let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT, 0o600)
    guard descriptor >= 0 else { throw CocoaError(.fileNoSuchFile) }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Notes `what` about a run; the line is on the disk when this returns.
  func note(_ what: String, _ run: TaskInfo) throws {
    let task = run.taskID.filter { $0 != "-" }
    let now = Date().timeIntervalSince1970
    let line = "\(now) \(what) \(task) \(run.shardIndex) \(run.fencingEpoch)\n"
    try file.write(contentsOf: Data(line.utf8))
    try file.synchronize()
  }
}
