/// The way from the root of a document to a value.
///
/// A chain rather than a text: the values share its links, and only an error writes it out.
final class YAMLPath: Sendable {
  enum Step: Sendable {
    case key(String)
    case index(Int)
  }

  private let parent: YAMLPath?
  private let step: Step?

  init() {
    parent = nil
    step = nil
  }

  init(_ parent: YAMLPath, _ step: Step) {
    self.parent = parent
    self.step = step
  }

  /// The steps from the root on, with a dot between keys and brackets around indices.
  var description: String {
    guard let parent, let step else { return "" }
    let start = parent.description
    return switch step {
    case .key(let key): start.isEmpty ? key.shortened : "\(start).\(key.shortened)"
    case .index(let index): "\(start)[\(index)]"
    }
  }
}

extension String {
  /// At most 60 characters, for a message that quotes what somebody wrote.
  var shortened: String {
    let start = prefix(60)
    return start.endIndex == endIndex ? self : "\(start)…"
  }
}
