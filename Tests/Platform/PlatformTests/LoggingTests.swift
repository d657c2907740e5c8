import Foundation
import PlatformLogging
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct LoggingTests {
  /// A pipe whose reading end a test looks into.
  final class Output: Sendable {
    let pipe = Pipe()

    func logger(_ format: LogFormat, level: Logger.Level = .trace) -> Logger {
      let sink = DescriptorSink(
        descriptor: pipe.fileHandleForWriting.fileDescriptor,
        format: format
      )
      return Logger(label: "test.part", level: level, sink: sink)
    }

    /// Every line written; nothing can be written afterwards.
    func lines() throws -> [String] {
      try pipe.fileHandleForWriting.close()
      return read()
    }

    /// Every line up to the closing of the other end, read on a thread that may block.
    func linesToCome() async -> [String] {
      await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: self.read()) }
      }
    }

    private func read() -> [String] {
      let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      #expect(text.isEmpty || text.hasSuffix("\n"))
      return text.split(separator: "\n").map { String($0) }
    }
  }

  final class Recorder: LogSink {
    let records = Mutex<[LogRecord]>([])
    func write(_ record: LogRecord) { records.withLock { $0.append(record) } }
  }

  let output = Output()

  @Test func `a line has time, level, message and facts in their order`() throws {
    output.logger(.text).info("lease expired", metadata: ["job": "17", "held": "31s", "by": "a b"])
    let line = try #require(try output.lines().first)
    #expect(line.dropFirst(27) == " info  lease expired job=17 held=31s by=\"a b\"")
    let time = String(line.prefix(27))
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    let date = try #require(try? Date(time.prefix(23) + "Z", strategy: style))
    #expect(abs(date.timeIntervalSinceNow) < 60)
    #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
  }

  @Test func `nothing in a message or a fact can begin a new line or forge a field`() throws {
    let logger = output.logger(.text)
    logger.error(
      "one\ntwo\u{1B}[2J\u{85}\u{2028}",
      metadata: [
        "a": "x\r\n2026-01-02T03:04:05.123456Z info  fine", "b": "say \"hi\" \\", "c": "k=v",
        "d": "", "bad key=1\n": "é", "nbsp": "a\u{A0}b",
      ]
    )
    let lines = try output.lines()
    #expect(lines.count == 1)
    let expected =
      #" error one\ntwo\u001b[2J\u0085\u2028 a="x\r\n2026-01-02T03:04:05.123456Z info  fine""#
      + #" b="say \"hi\" \\" c="k=v" d="" bad_key_1_=é nbsp="a"# + "\u{A0}" + #"b""#
    #expect(lines.first?.dropFirst(27) ?? "" == expected)
  }

  @Test func `a JSON line holds what was said`() throws {
    struct Line: Decodable {
      var time: String
      var level: String
      var logger: String
      var message: String
      var metadata: [String: String]
    }

    let strange = "\"\\\n\t\u{0}\u{1B}\u{2029}é\u{1F552}"
    output.logger(.json).warning("odd \(strange)", metadata: ["key \"": "\(strange)"])
    let lines = try output.lines()
    #expect(lines.count == 1)
    let line = try JSONDecoder().decode(Line.self, from: Data(lines[0].utf8))
    #expect(line.level == "warning" && line.logger == "test.part")
    #expect(line.message == "odd " + strange)
    #expect(line.metadata == ["key \"": strange])
  }

  @Test(arguments: LogFormat.allCases, [7900, 8000, 8060, 8070, 8080, 8090, 8100, 8200, 100_000])
  func `a long line is cut within its limit and says so`(format: LogFormat, length: Int) throws {
    let logger = output.logger(format)
    let long = String(repeating: "é", count: length / 2)
    let control = String(repeating: "\u{1}", count: length / 6)
    logger.info("m", metadata: ["a": "\(long)", "b": "after"])
    logger.info("m", metadata: ["a": "\(long) ", "b": "after"])
    logger.info("\(control)", metadata: ["a": "after"])
    logger.info("m", metadata: ["a": "\(control)", "\(long)": "after"])
    let lines = try output.lines()
    #expect(lines.count == 4)
    for line in lines {
      #expect(line.utf8.count < 8192)
      let isCut = line.hasSuffix(format == .text ? " cut=true" : ",\"cut\":true}")
      #expect(isCut || length < 8192)
      #expect(!line.contains("\u{FFFD}"))
      if format == .json {
        _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
      } else {
        #expect(line.count { $0 == "\"" }.isMultiple(of: 2))
      }
    }
  }

  @Test func `a message below the level is never made`() {
    let recorder = Recorder()
    var made = 0
    func count() -> Int {
      made += 1
      return made
    }
    var logger = Logger(label: "test", level: .warning, sink: recorder)
    logger.info("\(count())", metadata: ["n": "\(count())"])
    logger.trace("\(count())")
    #expect(made == 0)
    logger.warning("\(count())")
    logger.logLevel = .trace
    logger.trace("t")
    logger.debug("d")
    logger.notice("n")
    logger.critical("c")
    #expect(made == 1)
    let levels = recorder.records.withLock { $0.map(\.level) }
    #expect(levels == [.warning, .trace, .debug, .notice, .critical])
  }

  @Test func `a logger's own facts go with every message`() {
    let recorder = Recorder()
    var logger = Logger(label: "test", sink: recorder)
    logger[metadataKey: "node"] = "n1"
    logger[metadataKey: "gone"] = "x"
    logger[metadataKey: "gone"] = nil
    let copy = logger
    logger[metadataKey: "job"] = .stringConvertible(17)
    logger.info("a", metadata: ["node": "n2", "x": "y"])
    copy.info("b")
    let facts = recorder.records.withLock { records in
      records.map { record in record.metadata.entries.map { "\($0.key)=\($0.value)" } }
    }
    #expect(facts == [["node=n2", "job=17", "x=y"], ["node=n1"]])
    #expect(logger[metadataKey: "job"]?.description == "17")
    #expect(logger[metadataKey: "gone"] == nil)
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
    (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"),
    (1_767_323_045_123_456, "2026-01-02T03:04:05.123456Z"),
    (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
    (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
    (-2_203_891_200_000_000, "1900-03-01T00:00:00.000000Z"),
    (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
  ])
  func `times are written as dates`(microseconds: Int64, expected: String) throws {
    let sink = DescriptorSink(
      descriptor: output.pipe.fileHandleForWriting.fileDescriptor,
      format: .text
    )
    sink.write(
      LogRecord(
        time: LogTime(microseconds: microseconds),
        level: .info,
        label: "",
        message: "m",
        metadata: [:]
      )
    )
    #expect(try output.lines() == [expected + " info  m"])
  }

  @Test func `a level is read from its name or refused with the choice`() throws {
    #expect(try Logger.Level(configuration: "Warning") == .warning)
    for level in Logger.Level.allCases {
      #expect(try Logger.Level(configuration: level.rawValue) == level)
    }
    let error = #expect(throws: LogLevelError.self) { try Logger.Level(configuration: "verbose") }
    #expect(
      error?.description == """
        unknown log level “verbose”, expected one of \
        trace, debug, info, notice, warning, error, critical
        """
    )
    #expect(
      Logger.Level.trace < .critical && Logger.Level.allCases == Logger.Level.allCases.sorted()
    )
  }

  @Test func `lines of many tasks do not mix`() async throws {
    let logger = output.logger(.text)
    async let reading = output.linesToCome()
    // The pipe is smaller than what is written, so that writers have to wait for the reader.
    let filler = String(repeating: "x", count: 300)
    await withDiscardingTaskGroup { group in
      for task in 0..<4 {
        group.addTask {
          for _ in 0..<100 { logger.info("line", metadata: ["task": "\(task)", "x": "\(filler)"]) }
        }
      }
    }
    try output.pipe.fileHandleForWriting.close()
    let lines = await reading
    #expect(lines.count == 400)
    #expect(lines.allSatisfy { $0.hasSuffix(" x=" + filler) })
  }

  @Test func `a reader that does not read loses lines and holds up nobody`() throws {
    let descriptor = output.pipe.fileHandleForWriting.fileDescriptor
    #expect(fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0)
    let sink = DescriptorSink(descriptor: descriptor, format: .text)
    let logger = Logger(label: "test", sink: sink)
    let filler = String(repeating: "x", count: 8000)
    while sink.droppedLines == 0 { logger.info("\(filler)") }
    #expect(sink.droppedLines == 1)
    let buffered = output.pipe.fileHandleForReading.availableData
    #expect(buffered.count > 8000)
    logger.info("again")
    let lines = try output.lines()
    #expect(lines.last?.hasSuffix(" info  again") == true)
  }

  @Test func `the process has one sink, chosen once`() async {
    await #expect(processExitsWith: .success) {
      let recorder = Recorder()
      LoggingSystem.bootstrap(level: .debug, sink: recorder)
      Logger(label: "a").debug("heard")
      Logger(label: "a").trace("not heard")
      let messages = recorder.records.withLock { $0.map(\.message) }
      precondition(messages == ["heard"])
    }
    await #expect(processExitsWith: .failure) {
      LoggingSystem.bootstrap(level: .debug, sink: Recorder())
      LoggingSystem.bootstrap(level: .debug, sink: Recorder())
    }
  }

  @Test func `without a choice, text goes to standard error from info on`() async throws {
    let result = try await #require(
      processExitsWith: .success,
      observing: [\.standardErrorContent]
    ) {
      Logger(label: "a").info("to standard error")
      Logger(label: "a").debug("nowhere")
    }
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.contains(" info  to standard error\n"))
    #expect(!text.contains("nowhere"))
  }
}
