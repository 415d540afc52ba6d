import threading

fork, knife = threading.Lock(), threading.Lock()
both_have_one = threading.Barrier(2)


def dine(name, first, second):
    with first:
        both_have_one.wait()  # the unlucky moment, made certain
        is_mine = second.acquire(timeout=0.5)  # without the timeout: for ever
        both_have_one.wait()
        print(name, "eats" if is_mine else "does not eat")


threads = [
    threading.Thread(target=dine, args=("Ada", fork, knife)),
    threading.Thread(target=dine, args=("Bob", knife, fork)),
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
