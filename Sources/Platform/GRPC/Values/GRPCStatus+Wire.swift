extension GRPCStatus {
  private static let longestMessage = 1024
  private static let longestDetails = 4096

  /// The status cut down to what may be sent.
  var bounded: GRPCStatus {
    guard message.utf8.count > Self.longestMessage || details.count > Self.longestDetails else {
      return self
    }
    let kept = details.count > Self.longestDetails ? [] : details
    return GRPCStatus(code, message.bounded(Self.longestMessage), details: kept)
  }

  /// The trailers that go with the status, after `trailers` of the caller's own.
  func trailers(after trailers: GRPCMetadata = GRPCMetadata()) -> GRPCMetadata {
    guard !details.isEmpty else { return trailers }
    var trailers = trailers
    trailers.appendAllowed(statusDetailsKey, details)
    return trailers
  }
}

extension Batch {
  /// A batch that sends `status`, which ends the call.
  init(status: GRPCStatus, trailers: OutgoingMetadata?) {
    self.init()
    sendStatus(status.code, message: status.message, trailers: trailers)
  }
}
