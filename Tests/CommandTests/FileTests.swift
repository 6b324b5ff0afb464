import Foundation
import NightdropFormats
import Testing

/// Looking into files: `inspect`, `cat`, `verify`.
@Suite struct FileTests {
    /// A till that has closed a day with two sales; the path of its bundle.
    private func closedDay(_ shop: Workspace) throws -> String {
        try shop.openChain()
        try shop.succeed(
            "record", "-C", "T01",
            input: """
                {"entity":"sale","id":"1","action":"create","set":{"total":1.50}}
                {"entity":"sale","id":"2","action":"create","set":{"total":2.25}}

                """)
        let closed = try shop.succeed("close", "-C", "T01", "--day", "2026-11-20", "--to", "share", "--json").document()
        return try #require(closed["bundle"]?.text)
    }

    @Test func inspectSaysWhatABundleHolds() throws {
        let shop = try Workspace()
        let bundle = try closedDay(shop)
        let words = try shop.succeed("inspect", bundle).out
        #expect(words.hasPrefix("journal bundle from T01 of store S1 to HQ\n"), "\(words)")
        #expect(words.contains("closes 2026-11-20: sale: 2 made, sum 3.75"), "\(words)")
        let json = try shop.succeed("inspect", bundle, "--json").document()
        #expect(json["manifest"]?["from"]?["node"] == "T01")
        #expect(json["problem"] == .some(.null))
        let entries = try shop.bash("tar -tf '\(bundle)'").out.split(separator: "\n").map(String.init)
        #expect(json["entries"]?.elements?.compactMap { $0["path"]?.text } == entries)
        let key = try shop.bash("ssh-keygen -lf T01/keys/signing_key.pub").out
        #expect(key.contains(try #require(json["fingerprint"]?.text)))
    }

    @Test func inspectSaysWhatAJournalHolds() throws {
        let shop = try Workspace()
        _ = try closedDay(shop)
        let segments = try shop.bash("nightdrop inspect T01/journal/*/ --json").json()
        #expect(segments.contains { $0["sealed"] == true && $0["last"] == 2 })
        #expect(try shop.bash("nightdrop inspect T01/journal/*/").out.contains("sealed"))
    }

    @Test func catPrintsWhatZcatPrints() throws {
        let shop = try Workspace()
        let bundle = try closedDay(shop)
        let expected = try shop.bash("zcat T01/journal/*/0*.jsonl.gz | grep '^{\"seq\"'").out
        #expect(expected.split(separator: "\n").count == 2)
        #expect(try shop.succeed("cat", bundle).out == expected)
        #expect(try shop.bash("nightdrop cat T01/journal/*/").out == expected)
    }

    @Test func verifyKnowsWhoseKeysCount() throws {
        let shop = try Workspace()
        let bundle = try closedDay(shop)
        try shop.succeed("verify", "-C", "T01")
        try shop.succeed("verify", "HQ")
        let within = try shop.succeed("verify", "-C", "HQ", bundle)
        #expect(within.out.contains("signed by T01"))
        let outside = try shop.succeed("verify", bundle)
        #expect(outside.err.contains("outside of a node"))

        let stranger = try Workspace()
        try stranger.openChain()
        let run = try shop.run("verify", "-C", "\(stranger.path)/HQ", bundle, "--json")
        #expect(run.status == 77)
        #expect(try run.document()["ok"] == false)
    }

    /// A till's own key is not among those that head office gave it; its own bundles are its own all the same.
    @Test func verifyAcceptsANodesOwnBundles() throws {
        let shop = try Workspace()
        try shop.openChain(tills: ["T01", "T02"])
        try shop.succeed("close", "-C", "T01", "--day", "2026-11-20")
        #expect(try shop.names("T01/outbox").count == 1)
        for node in ["-C T01", "T01"] {
            let run = try shop.bash("nightdrop verify \(node)")
            #expect(run.status == 0, "\(run.out)\(run.err)")
            #expect(run.out.contains("signed by T01"), "\(run.out)")
        }
        #expect(try shop.bash("nightdrop verify -C T02 T01/outbox").status == 77, "another till's are not")
    }

    @Test func verifyFindsAFlippedByteAnywhere() throws {
        let shop = try Workspace()
        let bundle = try closedDay(shop)
        let relative = bundle.hasPrefix("/") ? String(bundle.dropFirst(shop.path.count + 1)) : bundle
        let whole = try shop.read(relative)
        for place in stride(from: 0, to: whole.count, by: max(1, whole.count / 12)) {
            var damaged = whole
            damaged[damaged.startIndex + place] ^= 0x20
            try shop.write("damaged.nightdrop.tar", damaged)
            let run = try shop.run("verify", "-C", "HQ", "damaged.nightdrop.tar")
            #expect([65, 75, 77].contains(run.status), "byte \(place) of \(whole.count): \(run.out)")
        }
    }

    /// Compressed again, so that only the content tells.
    @Test func verifyFindsAChangedSale() throws {
        let shop = try Workspace()
        _ = try closedDay(shop)
        try shop.succeed("merge", "-C", "HQ", "share")
        for (place, path) in [("T01/journal/*/*2.jsonl.gz", "T01"), ("HQ/archive/T01/*.jsonl.gz", "HQ")] {
            let run = try shop.bash(
                """
                for file in \(place); do
                    zcat "$file" | sed 's/"total":2.25/"total":2.75/' | gzip > changed && cp changed "$file"
                done
                nightdrop verify -C \(path) --json
                """)
            #expect(run.status == 65, "\(path): \(run.out)\(run.err)")
            #expect(try run.json().filter { $0["ok"] == false }.count == 1, "\(path): \(run.out)")
        }
    }
}
