import CCurl
import Foundation
import Synchronization

/// The thread that moves every transfer of one client, asleep while there is nothing to move.
///
/// Other threads reach it by `post` alone, which is why it may be shared.
@safe final class ClientLoop: @unchecked Sendable {
  /// What other threads ask of the loop.
  enum Command: Sendable {
    case start(Transfer, Transfer.Receiver)
    case resume(Transfer)
    case cancel(Transfer)
    case stop
  }

  private struct Mailbox {
    var isOpen = true
    var commands: [Command] = []
  }

  let configuration: HTTPClient.Configuration
  private let mailbox = Mutex(Mailbox())
  private let multi: UnsafeMutableRawPointer?
  private var transfers: [Transfer.Key: Transfer] = [:]  // The loop's thread only.

  private static let prepared: Bool = {
    curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
  }()

  init(_ configuration: HTTPClient.Configuration) {
    precondition(Self.prepared, "libcurl does not start")
    self.configuration = configuration
    unsafe multi = curl_multi_init()
    let connections = configuration.maxConnectionsPerHost
    unsafe ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections)
  }

  deinit { unsafe curl_multi_cleanup(multi) }

  func start() {
    let thread = Thread { self.run() }
    thread.name = "http-client"
    thread.start()
  }

  /// Hands `command` to the loop. One that has stopped refuses to start anything. From any thread.
  func post(_ command: Command) {
    let isOpen = mailbox.withLock { mailbox in
      guard mailbox.isOpen else { return false }
      mailbox.commands.append(command)
      if mailbox.commands.count == 1 { unsafe curl_multi_wakeup(multi) }
      return true
    }
    if !isOpen, case .start(let transfer, let receiver) = command {
      transfer.refuse(receiver)
    }
  }

  private func run() {
    while readMail() {
      var running: Int32 = 0
      unsafe curl_multi_perform(multi, &running)
      collectFinished()
      let wait = failLate()
      // Work that came in meanwhile makes this return at once.
      unsafe curl_multi_poll(multi, nil, 0, wait, nil)
    }
  }

  /// Whether to go on.
  private func readMail() -> Bool {
    let commands = mailbox.withLock { mailbox in
      let commands = mailbox.commands
      mailbox.commands = []
      return commands
    }
    for command in commands {
      switch command {
      case .start(let transfer, let receiver): begin(transfer, receiver)
      case .resume(let transfer): transfer.resume()
      case .cancel(let transfer): end(transfer, transfer.cancelled())
      case .stop: return stop()
      }
    }
    return true
  }

  private func begin(_ transfer: Transfer, _ receiver: Transfer.Receiver) {
    guard let key = unsafe transfer.begin(receiver, on: multi, configuration) else { return }
    transfers[key] = transfer
  }

  private func end(_ transfer: Transfer, _ error: HTTPClientError?) {
    guard let key = unsafe transfer.end(error, on: multi) else { return }
    transfers[key] = nil
  }

  private func collectFinished() {
    var left: Int32 = 0
    while let message = unsafe curl_multi_info_read(multi, &left) {
      guard unsafe message.pointee.msg == CURLMSG_DONE,
        let easy = unsafe message.pointee.easy_handle,
        let transfer = unsafe transfers[Transfer.Key(easy)]
      else { continue }
      end(transfer, transfer.error(for: unsafe message.pointee.data.result))
    }
  }

  /// Ends the transfers whose head is overdue, and says how long to sleep, in milliseconds.
  private func failLate() -> Int32 {
    let now = ContinuousClock.now
    var wait = Duration.seconds(60)
    for transfer in Array(transfers.values) {
      guard let deadline = transfer.headDeadline else { continue }
      if deadline <= now { end(transfer, transfer.error(for: CURLE_OPERATION_TIMEDOUT)) }
      wait = min(wait, now.duration(to: deadline))
    }
    return max(0, Int32(wait / .milliseconds(1)) + 1)
  }

  private func stop() -> Bool {
    let unread = mailbox.withLock { mailbox in
      mailbox.isOpen = false
      return mailbox.commands
    }
    for case .start(let transfer, let receiver) in unread { transfer.refuse(receiver) }
    for transfer in Array(transfers.values) { end(transfer, transfer.cancelled()) }
    return false
  }
}
