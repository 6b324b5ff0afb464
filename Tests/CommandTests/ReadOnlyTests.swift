import Foundation
import Glibc
import NightdropFormats
import Testing

/// Reading where nothing may be written: an auditor with a copy, a user without the key.
@Suite struct ReadOnlyTests {
    private static let office = [
        "get product", "history product TEA", "days", "conflicts", "status", "log", "terminals", "keys list",
        "verify --store", "verify",
    ]
    private static let till = ["get sale", "get sale T01-1", "status", "notices", "verify"]

    /// A chain with a day at head office, and a sale that only the till has.
    private func chain() throws -> Workspace {
        let shop = try Workspace()
        try shop.openChain()
        for sale in 1...2 {
            try shop.succeed(
                "record", "-C", "T01",
                input: #"{"entity":"sale","id":"T01-\#(sale)","action":"create","set":{"total":2.55}}"#)
            if sale == 1 {
                try shop.succeed("close", "-C", "T01", "--to", "share")
                try shop.succeed("merge", "share", "-C", "HQ", "--return", "share")
                try shop.succeed("import", "share", "-C", "T01")
            }
        }
        return shop
    }

    /// A prefix that runs a command as somebody who may not do what the owner may. The program is copied to where they find it.
    private func stranger(_ shop: Workspace) throws -> String {
        _ = try shop.bash("cp \(Workspace.executable) nightdrop && chmod 755 . nightdrop")
        return geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups ./nightdrop" : "./nightdrop"
    }

    @Test func aCopyThatMayNotBeWrittenIsRead() throws {
        let shop = try chain()
        let nightdrop = try stranger(shop)
        var expected: [String: String] = [:]
        for (node, commands) in [("HQ", Self.office), ("T01", Self.till)] {
            for command in commands { expected[command] = try shop.bash("nightdrop \(command) -C \(node)").out }
        }
        #expect(expected["status"]?.contains("1 to send") == true)
        let list = #"find HQ T01 -printf '%p %s %T@\n' | sort"#
        _ = try shop.bash("chmod -R a+rX,a-w HQ T01; chmod 0 */keys/signing_key")
        defer { _ = try? shop.bash("chmod -R u+rw HQ T01") }
        let before = try shop.bash(list).out
        for (node, commands) in [("HQ", Self.office), ("T01", Self.till)] {
            for command in commands {
                let run = try shop.bash("\(nightdrop) \(command) -C \(node)")
                #expect(run.status == 0, "\(command): \(run.err)")
                // Both nodes have a command `status` and `verify`.
                if command != "status" && command != "verify" { #expect(run.out == expected[command], "\(command)") }
                #expect(run.err.contains("\(node) is only looked at") || command == "verify", "\(run.err)")
            }
        }
        #expect(try shop.bash("\(nightdrop) status -C T01").out == expected["status"])
        #expect(try shop.bash(list).out == before)
        let run = try shop.bash("\(nightdrop) conflicts resolve 1 --take central -C HQ")
        #expect(run.status == 73, "\(run.err)")
    }

    /// A copy without keys, in which everything else may be written, is not changed either.
    @Test func aCopyWithoutKeysIsRead() throws {
        let shop = try chain()
        _ = try shop.bash("cp -r HQ Copy; cp -r T01 Till; rm -r Copy/keys Till/keys")
        for command in ["get product", "history product TEA", "days", "log"] {
            let run = try shop.bash("nightdrop \(command) -C Copy")
            #expect(run.status == 0 && run.err.contains("Copy is only looked at"), "\(run.err)")
            #expect(run.out == (try shop.bash("nightdrop \(command) -C HQ").out))
        }
        // The second sale is in the journal; whether the store has it already is a matter of milliseconds.
        let sales = try shop.bash("nightdrop get sale -C Till")
        #expect(sales.out.contains("T01-1"))
        #expect(sales.out.contains("T01-2") != sales.err.contains("in its journal only, and are not shown: 1"))
        #expect(try shop.bash("nightdrop cat Till/journal/*").out.contains("T01-2"))
        #expect(try shop.bash("nightdrop status -C Till").out == (try shop.bash("nightdrop status -C T01").out))
        #expect(try shop.bash("nightdrop record - -C Till < /dev/null").status == 78)
    }

    /// What a till has signed itself is verified by the public half of its key.
    @Test func aTillsOwnExportsAreVerifiedWithoutItsKey() throws {
        let shop = try chain()
        try shop.succeed("close", "-C", "T01")
        _ = try shop.bash("cp -r T01 Till; rm Till/keys/signing_key")
        let run = try shop.bash("nightdrop verify Till")
        #expect(run.status == 0 && run.out.contains("operation, signed by T01"), "\(run.out)")
    }

    /// What was written last may stand beside the store: then it must not be passed over.
    @Test func aCopyOfAnOpenStoreIsNotReadHalf() throws {
        let shop = try chain()
        let nightdrop = try stranger(shop)
        _ = try shop.bash(
            """
            sqlite3 HQ/store.sqlite "INSERT INTO _setting VALUES ('a', 'b')" '.shell cp -r HQ Copy'
            rm Copy/store.sqlite-shm; cp -r Copy Mine; chmod -R a+rX,a-w Copy; chmod 0 Copy/keys/signing_key
            """)
        defer { _ = try? shop.bash("chmod -R u+rw Copy") }
        let size = try FileManager.default.attributesOfItem(atPath: shop.path + "/Copy/store.sqlite-wal")[.size] as? Int
        #expect(size ?? 0 > 0)
        let run = try shop.bash("\(nightdrop) get product -C Copy")
        #expect(run.status == 74)
        #expect(run.err.contains("copy the node's directory to where you may write"), "\(run.err)")
        #expect(try shop.bash("nightdrop get product -C Mine").status == 0)
    }
}
