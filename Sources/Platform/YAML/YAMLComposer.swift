/// Builds values from events, within the limits.
struct YAMLComposer: ~Copyable {
  private var reader: YAMLEventReader
  private let limits: YAML.Limits
  /// What the current document's anchors stand for. One that is not finished is not here yet, so
  /// that no value can contain itself.
  private var anchors: [String: YAMLValue] = [:]
  private var valuesLeft: Int

  init(reader: consuming YAMLEventReader, limits: YAML.Limits) {
    self.reader = reader
    self.limits = limits
    valuesLeft = limits.values
  }

  mutating func documents() throws(YAMLError) -> [YAMLValue] {
    var documents: [YAMLValue] = []
    while true {
      let event = try reader.next()
      switch event.kind {
      case .streamEnd: return documents
      case .documentStart:
        anchors = [:]
        documents.append(try value(try reader.next(), at: YAMLPath(), depth: 0))
      default: break  // The stream's start and each document's end say nothing more.
      }
    }
  }

  private mutating func value(
    _ event: YAMLEvent,
    at path: YAMLPath,
    depth: Int
  ) throws(YAMLError) -> YAMLValue {
    let value: YAMLValue
    switch event.kind {
    case .alias(let anchor): return try resolve(anchor, event, at: path, depth: depth)
    case .scalar(let text, let isPlain):
      let content = try content(of: text, isPlain: isPlain, event, at: path)
      value = YAMLValue(content, event, at: path, source: text)
    case .sequenceStart:
      try enter("seq", event, at: path, depth: depth)
      value = try sequence(event, at: path, depth: depth + 1)
    case .mappingStart:
      try enter("map", event, at: path, depth: depth)
      value = try mapping(event, at: path, depth: depth + 1)
    default: throw event.error(at: path, "expected a value")
    }
    try spend(1, event, at: path)
    if let anchor = event.anchor { anchors[anchor] = value }
    return value
  }

  private mutating func sequence(
    _ start: YAMLEvent,
    at path: YAMLPath,
    depth: Int
  ) throws(YAMLError) -> YAMLValue {
    var values: [YAMLValue] = []
    while true {
      let event = try reader.next()
      if case .sequenceEnd = event.kind { break }
      let place = YAMLPath(path, .index(values.count))
      values.append(try value(event, at: place, depth: depth))
    }
    return YAMLValue(.sequence(values), start, at: path, children: values)
  }

  private mutating func mapping(
    _ start: YAMLEvent,
    at path: YAMLPath,
    depth: Int
  ) throws(YAMLError) -> YAMLValue {
    var mapping = YAMLMapping()
    while true {
      let event = try reader.next()
      if case .mappingEnd = event.kind { break }
      guard let key = try value(event, at: path, depth: depth).source else {
        throw event.error(at: path, "a key is a single value, not a collection")
      }
      guard !mapping.contains(key) else {
        throw event.error(at: path, "the key “\(key.shortened)” is there already")
      }
      let value = try value(try reader.next(), at: YAMLPath(path, .key(key)), depth: depth)
      mapping.append(
        YAMLMapping.Entry(key: key, value: value, line: event.line, column: event.column)
      )
    }
    let children = mapping.entries.map(\.value)
    return YAMLValue(.mapping(mapping), start, at: path, children: children)
  }
}

extension YAMLComposer {
  private mutating func resolve(
    _ anchor: String,
    _ event: YAMLEvent,
    at path: YAMLPath,
    depth: Int
  ) throws(YAMLError) -> YAMLValue {
    guard let value = anchors[anchor] else {
      throw event.error(at: path, "*\(anchor.shortened) stands for nothing before it")
    }
    guard depth + value.height <= limits.depth else { throw tooDeep(event, at: path) }
    try spend(value.weight, event, at: path)
    return value
  }

  /// Refuses a collection that is tagged as something else, or nested too deep.
  private func enter(
    _ kind: String,
    _ event: YAMLEvent,
    at path: YAMLPath,
    depth: Int
  ) throws(YAMLError) {
    guard depth < limits.depth else { throw tooDeep(event, at: path) }
    guard let tag = event.tag, tag != "!", tag != YAMLTag.prefix + kind else { return }
    throw event.error(at: path, "the tag \(tag.shortened) is unknown here")
  }

  private func tooDeep(_ event: YAMLEvent, at path: YAMLPath) -> YAMLError {
    event.error(at: path, "nested more than \(limits.depth) deep")
  }

  private mutating func spend(
    _ count: Int,
    _ event: YAMLEvent,
    at path: YAMLPath
  ) throws(YAMLError) {
    guard count <= valuesLeft else {
      throw event.error(at: path, "more than \(limits.values) values, aliases written out")
    }
    valuesLeft -= count
  }

  private func content(
    of text: String,
    isPlain: Bool,
    _ event: YAMLEvent,
    at path: YAMLPath
  ) throws(YAMLError) -> YAMLValue.Content {
    guard let tag = event.tag else {
      guard isPlain else { return .string(text) }
      guard let content = YAMLScalar.resolve(text) else {
        throw event.error(
          at: path,
          "\(text.shortened) does not fit 64 bits; quote it if it is text"
        )
      }
      return content
    }
    guard let content = YAMLTag.content(of: text, tagged: tag) else {
      throw event.error(at: path, "“\(text.shortened)” cannot be read as \(tag.shortened)")
    }
    return content
  }
}

extension YAMLEvent {
  fileprivate func error(at path: YAMLPath, _ message: String) -> YAMLError {
    YAMLError(path: path.description, line: line, column: column, message: message)
  }
}

extension YAMLValue {
  fileprivate init(
    _ content: Content,
    _ event: YAMLEvent,
    at path: YAMLPath,
    source: String
  ) {
    self.init(
      content: content,
      line: event.line,
      column: event.column,
      keyPath: path,
      source: source,
      weight: 1,
      height: 0
    )
  }

  fileprivate init(
    _ content: Content,
    _ event: YAMLEvent,
    at path: YAMLPath,
    children: [YAMLValue]
  ) {
    self.init(
      content: content,
      line: event.line,
      column: event.column,
      keyPath: path,
      source: nil,
      weight: children.reduce(1) { $0 + $1.weight },
      height: 1 + (children.map(\.height).max() ?? 0)
    )
  }
}
