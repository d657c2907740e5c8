import Engine

/// What the bodies of requests may hold.
enum TriggerFields {
  /// A trigger without its name: what `PUT` and `PATCH` take.
  static let definition: [Field] =
    schedule + work + [
      Field(
        "misfire",
        .choice(MisfirePolicy.allCases.map(\.rawValue)),
        "What becomes of missed fires; once unless given."
      ),
      Field(
        "misfireWindow",
        .duration(.zero ... .seconds(365 * 86_400), zero: false),
        "How late a fire may be before it counts as missed; 1m unless given."
      ),
      Field(
        "overlap",
        .choice(OverlapPolicy.allCases.map(\.rawValue)),
        "What becomes of a fire while the task before it lasts; allow unless given."
      ),
      Field("online", .boolean, "Whether the trigger fires; true unless given."),
    ]

  static let name = Field("name", .name, "The trigger's name, unique in its namespace.")
  static let creation = [Field("name", .name, name.summary, required: true)] + definition
  static let replacement = [name] + definition

  /// When the trigger fires.
  static let schedule = [
    Field(
      "schedule",
      .text(most: Schedule.longestText),
      "Cron text of 5 or 6 fields, @daily and its like, @every 1m30s, after 30s, or at TIME.",
      required: true
    ),
    Field("timeZone", .text(most: 64), "An IANA name; UTC unless given."),
    Field("start", .time, "The first instant a fire may have."),
    Field("end", .time, "The last instant a fire may have."),
    Field("repeats", .integer(1...1_000_000_000), "How many fires may become tasks."),
  ]

  /// What each task is.
  static let work = [
    Field("handler", .name, "The handler that does the work.", required: true),
    Field("param", .text(most: Field.largestPayload), "Handed to the handler as it is."),
    Field("shards", .integer(1...TaskTemplate.largestShardCount), "Parts each task is split into."),
    Field("shardParams", .shardParams, "What single shards get besides param, by index from 0."),
    Field("labels", .labels, "Labels that a worker must agree with."),
    Field("priority", .integer(0...9), "0 (least urgent) to 9; 5 unless given."),
    Field("retries", .integer(0...100), "Attempts after the first; 3 unless given."),
    Field(
      "retryBackoff",
      .duration(.milliseconds(1) ... .seconds(3600), zero: false),
      "The bound of the wait before the second attempt; it doubles. 1s unless given."
    ),
    Field(
      "retryBackoffCap",
      .duration(.milliseconds(1) ... .seconds(86_400), zero: false),
      "The longest wait between two attempts; 5m unless given."
    ),
    limit("runTimeout", "How long one attempt may run; 1h unless given, 0 is without limit."),
    limit("taskTimeout", "How long all attempts together may take; no limit unless given."),
    limit("queueTimeout", "How long a task may wait for its start; no limit unless given."),
    limit("heartbeatTimeout", "How long a run may show no progress; no limit unless given."),
    Field("atMostOnce", .boolean, "Whether a run whose worker was lost is never tried again."),
  ]

  private static func limit(_ name: String, _ summary: String) -> Field {
    Field(name, .duration(.milliseconds(10) ... .seconds(365 * 86_400), zero: true), summary)
  }

  /// What answers hold and requests may not.
  static let readOnly: Set<String> = [
    "id", "namespace", "revision", "createdAt", "updatedAt", "nextFireAt", "firedThrough", "fires",
    "activeTask", "heldTask", "offlineSince",
  ]

  static let preview =
    schedule + [
      Field("after", .time, "Fires strictly after this instant; now unless given."),
      previewCount,
    ]
  static let ownPreview = [preview[preview.count - 2], previewCount]
  private static let previewCount = Field(
    "count",
    .integer(1...1_000),
    "How many fires; 10 unless given."
  )

  static let fire = [
    Field(
      "param",
      .text(most: Field.largestPayload),
      "The parameter of this one task; the trigger's unless given."
    )
  ]

  static let backfill = [
    Field("from", .time, "The first nominal time, included.", required: true),
    Field("to", .time, "The last nominal time, included; not in the future.", required: true),
  ]
}

enum TaskFields {
  static let submission =
    TriggerFields.work + [
      Field(
        "paramBase64",
        .base64(most: Field.largestPayload),
        "The parameter when it is not text; excludes param."
      ),
      Field("at", .time, "When it is to run; now unless given."),
    ]
}

enum NamespaceFields {
  static let description = Field("description", .text(most: 1_024), "For people.")
  static let name = Field("name", .name, "The namespace's name.")
  static let creation = [
    Field("name", .name, name.summary, required: true), description,
  ]
  static let replacement = [name, description]
}
