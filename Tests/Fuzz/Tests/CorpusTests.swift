import Foundation
import Testing

/// A sample of `make fuzz`: what is known to be interesting, and some of what is near it.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct CorpusTests {
  /// How long the neighbourhood of each corpus is searched, and how far at most.
  private static let time: Duration = .milliseconds(500)
  private static let inputs = 2_000
  /// No answer may take longer.
  private static let limit: Duration = .seconds(1)

  @Test(arguments: FuzzTarget.all.map(\.name))
  func `whatever is read, it is answered soon and no promise is broken`(
    name: String
  ) async throws {
    let target = try #require(FuzzTarget.named(name))
    let corpus = try Corpus.inputs(of: name)
    try #require(!corpus.isEmpty)
    let subject = try await target.subject()
    for (file, input) in corpus { await check(input, file, subject) }
    await search(target, corpus.map(\.input), subject)
    await subject.close()
  }

  private func search(
    _ target: FuzzTarget,
    _ known: [[UInt8]],
    _ subject: FuzzTarget.Subject
  ) async {
    var mutator = Mutator(seed: 1, known: known, longest: target.longest)
    let end = ContinuousClock.now + Self.time
    for number in 0..<Self.inputs where ContinuousClock.now < end {
      await check(mutator.next(), "input \(number) of seed 1", subject)
    }
  }

  /// What took too long is asked again, twice: the machine may have been busy.
  private func check(
    _ input: [UInt8],
    _ name: String,
    _ subject: FuzzTarget.Subject
  ) async {
    var fastest = Duration.seconds(3_600)
    for _ in 0..<3 where fastest > Self.limit {
      let begun = ContinuousClock.now
      do {
        try await subject.check(input)
      } catch {
        Issue.record(error, "\(name): \(Data(input).base64EncodedString())")
      }
      fastest = min(fastest, ContinuousClock.now - begun)
    }
    #expect(fastest <= Self.limit, "\(name): \(Data(input).base64EncodedString())")
  }

  @Test func `every target has a corpus, and every corpus a target`() throws {
    #expect(try Corpus.names() == Set(FuzzTarget.all.map(\.name)))
  }
}

/// The inputs in the repository.
private enum Corpus {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Corpus")

  static func names() throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: root.path))
  }

  static func inputs(of target: String) throws -> [(file: String, input: [UInt8])] {
    let folder = root.appendingPathComponent(target)
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { file in
      (file, [UInt8](try Data(contentsOf: folder.appendingPathComponent(file))))
    }
  }
}
