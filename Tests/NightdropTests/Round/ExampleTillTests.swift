import Foundation
import Nightdrop
import Testing

/// The small till that shows how the library is used, run as a program.
@Suite struct ExampleTillTests {
    @Test func sellsChangesAPriceAndCloses() throws {
        let chain = try Chain()
        _ = try chain.central.record([
            OperationDraft(.create, "product", id: "COFFEE", set: set(["name": "\"Coffee\"", "price": "5.40"])),
            OperationDraft(.create, "inventory", id: "COFFEE", set: set(["quantity": "10"])),
        ])
        try chain.till("T1")
        let till = chain.path("T1")
        #expect(try run(till, "sell", "COFFEE", "2").contains("receipt T1-1: 2 × COFFEE, 10.80 (operations 1 to 3)"))
        #expect(try run(till, "price", "COFFEE", "4.90").contains("COFFEE costs 4.90"))
        #expect(try run(till, "sell", "COFFEE", "1").contains("receipt T1-2: 1 × COFFEE, 4.90"))
        #expect(try run(till, "status").contains("T1 | idle | 7 to send | 0 in conflict"))
        #expect(try run(till, "close", chain.exchange).contains("7 operations"))
        try chain.merge()
        #expect(try chain.central.get("sale", "T1-1")?["total"]?.json == "10.80")
        #expect(try chain.central.get("inventory", "COFFEE")?["quantity"]?.json == "7")
        #expect(try run(till, "close", chain.exchange).contains("from HQ: merged"))
        #expect(try run(till, "status").contains("0 to send"))
        #expect(try run(till, "sell", "TEA", "1", status: 66).contains("there is no product TEA"))
    }

    private func run(_ arguments: String..., status: Int32 = 0) throws -> String {
        let process = Process()
        // The tests and the programs stand in one folder.
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("ExampleTill")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == status, "\(text)")
        return text
    }
}
