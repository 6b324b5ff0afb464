import Nightdrop
import NightdropModel
import Testing

/// What head office shows of what a till has still to send: not what came with the bundle that says so.
@Suite struct StillToSendTests {
    @Test func whatHasComeIsNotStillToCome() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        for number in 1...3 {
            try till.record(OperationDraft(.create, "sale", id: "\(number)", set: set(["total": "1"])))
        }
        try chain.close("T1")
        try chain.merge()
        #expect(try chain.central.terminals().map(\.pending) == [0])
        #expect(try till.status().totals.pending == 3, "it has no receipt yet")
        // It is answered all the same: the receipt is what it lacks.
        #expect(try chain.central.exchange(with: chain.exchange).left.map(\.to.text) == ["T1"])
    }

    /// Of a bundle in parts, what has not come is still to come.
    @Test func missingPartsAreStillToCome() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        for number in 1...3 {
            try till.record(OperationDraft(.create, "sale", id: "\(number)", set: set(["total": "1"])))
            _ = try till.export()
        }
        let parts = try till.exchange(with: chain.exchange, ExchangeOptions(maxSize: 75_000)).left
        try #require(parts.count > 1)
        _ = try chain.central.merge([parts[0].file])
        #expect(try chain.central.terminals().map(\.pending) == [3])
        _ = try chain.central.merge([chain.exchange])
        #expect(try chain.central.terminals().map(\.pending) == [0])
    }
}
