import Engine
import Testing
import Wire

@testable import Server

struct OutboxTests {
  @Test func `large offers are spread over several messages`() {
    var outbox = Outbox()
    for number in 1...5 {
      let slot = SlotID(task: TaskID(UUIDv7(high: 0, low: UInt64(number))), shard: 0)
      var offer = Offer(
        run: RunID(slot: slot, epoch: Epoch(1)),
        handler: "h",
        attempt: 1,
        nominalAt: Timestamp(seconds: 0)
      )
      offer.param = [UInt8](repeating: 65, count: 700_000)
      outbox.append(offer)
    }
    #expect(outbox.isFull)
    var counts: [Int] = []
    while let message = outbox.take() { counts.append(message.offers.count) }
    #expect(counts == [2, 2, 1])
    #expect(outbox.isEmpty)
  }
}
