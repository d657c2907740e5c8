import Testing

@testable import PlatformHTTP

struct HeadWatchTests {
  private static let head = "POST / HTTP/1.1\r\nHost: x\r\n\r\n"

  private func watch(head: Int = 1024, body: Int = 100) -> HeadWatch {
    HeadWatch(maxHeadBytes: head, maxBodyBytes: body)
  }

  @Test(arguments: [1, 2, 7, 1000]) func `a head may have its bytes and not one more`(step: Int) {
    let bytes = Array(Self.head.utf8)
    for (limit, excess) in [(bytes.count, nil), (bytes.count - 1, HeadWatch.Excess.head)] {
      var watch = watch(head: limit)
      var found: HeadWatch.Excess?
      for start in stride(from: 0, to: bytes.count, by: step) where found == nil {
        found = watch.take(bytes[start..<min(start + step, bytes.count)])
      }
      #expect(found == excess)
      #expect(watch.isOver == (excess == nil))
    }
  }

  @Test(
    arguments: [
      ("Content-Length: 100", nil),
      ("Content-Length: 101", .body),
      ("content-LENGTH:101", .body),
      ("Content-Length:\t101 ", .body),
      ("Content-Length: 00000000000000000000000000101", .body),
      ("Content-Length: 99999999999999999999999999999", .body),
      ("Content-Length: -101", nil),
      ("Content-Length: 101, 101", nil),
      ("Content-Length: a lot", nil),
      ("Content-Length:", nil),
      ("Content-Lengths: 101", nil),
      ("X-Content-Length: 101", nil),
    ] as [(String, HeadWatch.Excess?)]
  )
  func `a body may claim to have its bytes and not one more`(
    line: String,
    excess: HeadWatch.Excess?
  ) {
    var watch = watch()
    #expect(watch.take("POST / HTTP/1.1\r\n\(line)\r\n\r\n".utf8) == excess)
  }

  @Test func `what follows the head is not looked at`() {
    var watch = watch(head: Self.head.utf8.count)
    #expect(watch.take((Self.head + "Content-Length: 101\r\n").utf8) == nil)
    #expect(watch.isOver)
    #expect(watch.take(String(repeating: "x", count: 10_000).utf8) == nil)
  }

  @Test func `lines may end without a carriage return`() {
    var watch = watch()
    #expect(watch.take("GET / HTTP/1.1\nHost: x\n".utf8) == nil)
    #expect(!watch.isOver)
    #expect(watch.take("\n".utf8) == nil)
    #expect(watch.isOver)
  }
}
