// Every trick, by class. Read by the plugin, which needs a function of that name in the module of that
// class, and by the tests, which do not compile while one of them has no test.
macro_rules! for_each_trick {
    ($callback:ident) => {
        $callback! {
            books: [
                drop_after_sending,
                drop_before_the_body_ends,
                exit_early,
                lose_patience,
                panic_on_purpose,
                say_after_sending,
                sleep_after_sending,
                trap_after_sending,
            ],
            contract: [return_no_json, succeed],
            exhaustion: [
                allocate,
                allocate_small,
                ask_insecure_random,
                ask_random,
                build_headers,
                build_headers_at_once,
                call_the_host,
                copy_headers,
                doze,
                fail_at_length,
                hoard_bodies,
                hoard_handles,
                hoard_targets,
                poll_many,
                print,
                print_lines,
                print_raw,
                recurse,
                request_at_once,
                request_often,
                return_much,
                sleep,
                spin,
                upload,
            ],
            headers: [read_back, set_forbidden],
            memory: [search, search_and_trap],
            requests: [ask, ask_often, send, send_in_turn],
            surroundings: [connect_a_socket, count, guess_a_handle, look_around],
        }
    };
}
