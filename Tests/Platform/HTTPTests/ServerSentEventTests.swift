import PlatformHTTP
import Testing

@Suite struct ServerSentEventTests {
  @Test(arguments: [1, 2, 3, 1000])
  func `what is encoded is read back, however it is cut`(size: Int) throws {
    let events = [
      ServerSentEvent(id: "1", event: "state", data: "one\ntwo", retry: 1500),
      ServerSentEvent(id: "2", data: ""),
      ServerSentEvent(id: "3", data: " spaced: ü\n\n"),
    ]
    let bytes = events.flatMap { $0.encoded + ServerSentEvent.keepAlive }
    var parser = ServerSentEventParser()
    var seen: [ServerSentEvent] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      seen += try parser.feed(bytes[start..<min(start + size, bytes.count)])
    }
    #expect(seen == events)
    #expect(parser.lastEventID == "3")
  }

  @Test(arguments: [
    ("data: a\r\ndata: b\r\rdata:c\n\n", ["a\nb", "c"]),
    ("\u{FEFF}data: a\n\n", ["a"]),
    ("data\n\ndata\ndata\n\ndata:", ["", "\n"]),
    (": comment\nunknown: x\ndata:  two blanks\n\n", [" two blanks"]),
    ("event: only\n\nid: 5\n\n", []),
    ("data: unfinished", []),
  ])
  func `the standard's corners are kept`(text: String, expected: [String]) throws {
    var parser = ServerSentEventParser()
    #expect(try parser.feed(text.utf8).map(\.data) == expected)
  }

  @Test func `the last identifier stands until another comes, and a bad one is ignored`() throws {
    var parser = ServerSentEventParser()
    let text =
      "id: 1\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\nid\ndata: d\n\nretry: 1x\ndata: e\n\n"
    let events = try parser.feed(text.utf8)
    #expect(events.map(\.id) == ["1", "1", "1", "", ""])
    #expect(events.allSatisfy { $0.retry == nil })
  }

  @Test func `a field cannot be smuggled in through a name`() throws {
    let event = ServerSentEvent(id: "1\ndata: no", event: "a\r\nid: 2", data: "yes")
    var parser = ServerSentEventParser()
    let read = try parser.feed(event.encoded)
    #expect(read.map(\.data) == ["yes"])
  }

  @Test func `an event without end is not kept for ever`() {
    var parser = ServerSentEventParser(maxEventBytes: 100)
    #expect(throws: ServerSentEventParser.TooLarge(limit: 100)) {
      while true { _ = try parser.feed("data: more and more\n".utf8) }
    }
  }
}
