import Foundation
import Nightdrop
import NightdropModel
import Testing

/// A till that gets its first snapshot after a record was deleted, and before others have heard of it.
@Suite struct LateTillTests {
    /// Who knows nothing of the delete changes the record. Where the later change wins it lives on, with all its fields, else
    /// it stays deleted: at every till.
    @Test(arguments: ["last-write-wins", "central-wins"]) func itSeesWhatBecomesOfADeletedRecord(rule: String) throws {
        let chain = try Chain(
            policy: """
                version: 1
                organisation: Corner Shops
                entities:
                  product: {onConflict: \(rule)}
                """)
        _ = try chain.central.record(
            OperationDraft(.create, "product", id: "A", set: set(["price": "1", "name": "\"Mug\""])))
        let early = try chain.till("T1")
        _ = try chain.central.record(OperationDraft(.delete, "product", id: "A"))
        let late = try chain.till("T2")
        _ = try early.record(OperationDraft(.update, "product", id: "A", set: set(["name": "\"Cup\""])))
        try chain.close("T1")
        try chain.close("T2")
        try chain.merge()
        try chain.takeAll()
        let expected = rule == "central-wins" ? [] : [#"A {"name":"Cup","price":1}"#]
        #expect(try Chain.show { try chain.central.records("product", $0) } == expected)
        #expect(try Chain.show { try early.records("product", $0) } == expected)
        #expect(try Chain.show { try late.records("product", $0) } == expected)
    }
}
