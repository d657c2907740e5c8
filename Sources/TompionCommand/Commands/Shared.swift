import ControlAPI
import TompionClient

/// Options that many commands share.
enum Shared {
  static let connection = [
    Option("server", "URL", "Where the server is.")
      .standard("http://127.0.0.1:7700").environment("TOMPION_SERVER"),
    Option("token", "TOKEN", "What the server asks of its clients.")
      .environment("TOMPION_TOKEN"),
    Option("namespace", "NAME", "The namespace to work in.")
      .standard("default").environment("TOMPION_NAMESPACE"),
  ]
  static let output = Option("output", "FORMAT", "A table for people, or the API's JSON.")
    .standard("table").choices(["table", "json"])
  static let reading = connection + [output]
  static let paging = [
    Option("limit", "N", "How many at most, 1 to 1000.").standard("100"),
    Option("cursor", "CURSOR", "Where to go on: what the part before named as next."),
  ]
  static let key = Option(
    "idempotency-key",
    "KEY",
    "Makes a repeat within a day get the first answer."
  )
}

extension Arguments {
  var client: ControlClient {
    ControlClient(
      server: self["server"] ?? "http://127.0.0.1:7700",
      token: self["token"],
      namespace: self["namespace"] ?? "default"
    )
  }

  var isJSON: Bool { self["output"] == "json" }

  func page() throws(UsageError) -> ListPage {
    ListPage(limit: try integer("limit"), cursor: self["cursor"])
  }
}

extension Terminal {
  /// A list as a table, with the way to go on where there is more.
  func say(_ table: Table, next: String?) {
    say(table.text)
    if let next { complain("there is more: --cursor \(next)") }
  }
}
